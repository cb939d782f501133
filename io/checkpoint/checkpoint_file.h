// One rank's file of a checkpoint.
#pragma once

#include <filesystem>
#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "io/files/write_pace.h"
#include "io/folder/extent.h"

namespace switchyard {

// Writes the tensors, all on the host, at this pace, hashes them on the way, fsyncs the file, which
// must not exist, and meanwhile reads it back and checks every byte: what memory or the page cache
// garbled on the way never comes to a commit. Errors: Exit::storage; Exit::data for what was
// garbled.
FileEntry write_checkpoint_file(const std::filesystem::path& path,
                                const std::vector<NamedTensor>& mine, WritePace& pace);

}  // namespace switchyard
