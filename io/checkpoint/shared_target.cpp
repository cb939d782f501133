#include "io/checkpoint/shared_target.h"

#include <set>
#include <string_view>
#include <utility>

#include "io/checkpoint/checkpoint_file.h"
#include "io/checkpoint/checkpoint_format.h"
#include "io/files/durable.h"
#include "io/folder/committed_folder.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

void check_one_owner_each(const std::vector<FileEntry>& files) {
  std::set<std::string_view> seen;
  for (const FileEntry& file : files) {
    for (const Extent& extent : file.extents) {
      require(seen.insert(extent.name).second, "two owners want to save the tensor '{}'",
              extent.name);
    }
  }
}

}  // namespace

SharedTarget::SharedTarget(fs::path run_directory, int attempt, Comm& world)
    : run_directory_(std::move(run_directory)), attempt_(attempt), world_(world) {}

SavePhases SharedTarget::begin(const Snapshot& snapshot, WritePace& pace) {
  folder_ = run_directory_ / "checkpoints" / checkpoint_folder_name({snapshot.step, attempt_});
  on_root(world_, [this] {
    require(!is_committed(folder_), Exit::data, "{} exists already", folder_.string());
  });
  manifest_keys_ = manifest_keys(snapshot, attempt_, world_.size());
  return {
      {.alone = [this, mine = snapshot.mine, files = snapshot.files,
                 &pace] { write(mine, files, pace); }},
      {.together = [this](SavePhases&) { gather_entries(); },
       .alone =
           [this, rank = world_.rank()] {
             if (rank == 0) commit();
           }},
  };
}

// This rank's part is on the disk when this returns: the file, its entry in the folder, and the
// folder's entry in those above. A file of this name without a manifest is what a failed save of
// this very attempt left behind.
void SharedTarget::write(const std::vector<NamedTensor>& mine, const std::vector<NamedFile>& files,
                         WritePace& pace) {
  durable::make_folders(folder_);
  const fs::path file = folder_ / rank_file_name(world_.rank());
  durable::remove_tree(file);
  entries_ = {write_checkpoint_file(file, mine, pace)};
  if (world_.rank() == 0) {
    for (const NamedFile& small : files) entries_.push_back(write_small_file(folder_, small));
  }
  durable::sync_folder(folder_);
  if (world_.rank() == 0) {  // an attempt that died may have made them without syncing them
    durable::sync_folder(folder_.parent_path());
    durable::sync_folder(run_directory_);
  }
}

void SharedTarget::gather_entries() {
  gathered_ = gather_text(world_, canonical_text(json_of(entries_)));
}

void SharedTarget::commit() const {
  const Manifest manifest{checkpoint_kind, checkpoint_version, join_files(gathered_),
                          manifest_keys_};
  check_one_owner_each(manifest.files);
  commit_files(folder_, manifest);
}

// The manifest goes first, in case the failure came after the commit; what cannot be removed stays.
void SharedTarget::discard() {
  if (world_.rank() == 0) durable::try_remove_tree(folder_ / manifest_name);
  world_.barrier();
  durable::try_remove_tree(folder_ / rank_file_name(world_.rank()));
  world_.barrier();
  if (world_.rank() == 0) durable::try_remove_tree(folder_);
  world_.barrier();
}

fs::path save_checkpoint(const fs::path& run_directory, std::int64_t step, int attempt,
                         const std::vector<NamedTensor>& mine, const nlohmann::json& meta,
                         Comm& world, Stream& stream) {
  SharedTarget target(run_directory, attempt, world);
  BackgroundSave save(BackgroundSave::Mode::synchronous, world, stream);
  save.start(target, {step, mine, meta});
  return *save.finish();
}

}  // namespace switchyard
