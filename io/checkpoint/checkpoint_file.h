// The files of a checkpoint: one of each rank, and small ones beside them.
#pragma once

#include <filesystem>
#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/snapshot.h"
#include "io/files/write_pace.h"
#include "io/folder/extent.h"

namespace switchyard {

// Writes the tensors, all on the host, at this pace into a file that must not exist; hashes them on
// the way, fsyncs the file, and meanwhile reads it back and checks every byte: what memory or the
// page cache garbled on the way is never committed. Errors: Exit::storage; Exit::data for garbled
// bytes.
FileEntry write_checkpoint_file(const std::filesystem::path& path,
                                const std::vector<NamedTensor>& mine, WritePace& pace);

// Writes the file into the folder, fsyncs it and reads it back. Replaces what a failed save left
// behind. Errors: Exit::storage.
FileEntry write_small_file(const std::filesystem::path& folder, const NamedFile& file);

}  // namespace switchyard
