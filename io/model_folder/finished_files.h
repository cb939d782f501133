// FinishedFiles: which files of a model's tensors are whole, so that a writer goes on from them
// after a kill. Beside each of them lies NAME.done with what the manifest will say about it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/checkpoint/snapshot.h"
#include "io/folder/extent.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// Requires: the file is written and synced. work: of whom, a hash. Errors: Exit::storage.
void note_finished(const std::filesystem::path& folder, const FileEntry& file,
                   const std::string& work);
// Those files are no longer of use.
void forget_finished(const std::filesystem::path& folder, const std::vector<FileEntry>& files);

// Collective. Leaves nothing in the folder but finished files of the same work, each of whose bytes
// is right, with their notes, and returns their entries; if one is damaged it leaves nothing.
// files: others that a killed writer may have left. Errors: agreed; Exit::usage if the folder is
// committed or holds anything else.
std::vector<FileEntry> keep_finished(const std::filesystem::path& folder,
                                     const std::vector<NamedFile>& files, const std::string& work,
                                     Comm& world);

}  // namespace switchyard
