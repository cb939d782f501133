#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/checkpoint_format.h"
#include "io/files/durable.h"
#include "io/folder/committed_folder.h"
#include "runtime/error.h"

namespace switchyard {

namespace fs = std::filesystem;

void copy_checkpoint(const fs::path& from, const fs::path& to) {
  const std::string text = read_manifest(from, checkpoint_kind);
  const std::vector<FileEntry> files = CheckpointReader(from).files();
  std::error_code ignored;
  require(!fs::exists(to, ignored), Exit::usage, "{} exists already: name a folder that does not",
          to.string());
  durable::make_folders(to);
  try {
    for (const FileEntry& file : files) copy_committed_file(from, to, file);
    durable::sync_folder(to);
    durable::replace_file(to / manifest_name, text);
  } catch (...) {
    durable::try_remove_tree(to);
    throw;
  }
}

}  // namespace switchyard
