#include "io/checkpoint/checkpoint_saver.h"

#include <chrono>
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

// One rank's part of a checkpoint, on the disk when this returns: the file, its entry in the
// folder, and the folder's in those above. A file of this name without a manifest is what a failed
// save of this very attempt left behind.
FileEntry write_part(const fs::path& run_directory, const fs::path& folder, int rank,
                     const std::vector<NamedTensor>& mine, WritePace& pace) {
  durable::make_folders(folder);
  const fs::path file = folder / rank_file_name(rank);
  durable::remove_tree(file);
  FileEntry entry = write_checkpoint_file(file, mine, pace);
  durable::sync_folder(folder);
  if (rank == 0) {  // an attempt that died may have made them and not synced them
    durable::sync_folder(folder.parent_path());
    durable::sync_folder(run_directory);
  }
  return entry;
}

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

CheckpointSaver::CheckpointSaver(fs::path run_directory, int attempt, Mode mode, Comm& world,
                                 Stream& stream, std::int64_t write_rate)
    : run_directory_(std::move(run_directory)),
      attempt_(attempt),
      mode_(mode),
      world_(world),
      stream_(stream),
      pace_(mode == Mode::asynchronous ? write_rate : 0) {}

CheckpointSaver::~CheckpointSaver() = default;  // a future of std::async waits for its thread

fs::path CheckpointSaver::my_file() const { return folder_ / rank_file_name(world_.rank()); }

void CheckpointSaver::prepare(const std::vector<NamedTensor>& mine) {
  if (mode_ == Mode::asynchronous) staging_.copy(mine, stream_);
}

void CheckpointSaver::start(std::int64_t step, const std::vector<NamedTensor>& mine,
                            nlohmann::json meta) {
  require(!in_progress(), "a save of step {} while another is in progress", step);
  stream_.synchronize();
  folder_ = run_directory_ / "checkpoints" / checkpoint_folder_name({step, attempt_});
  on_root(world_, [this] {
    require(!is_committed(folder_), Exit::data, "{} exists already", folder_.string());
  });
  top_level_ = {{"step", step},
                {"attempt", attempt_},
                {"num_ranks", world_.size()},
                {"meta", std::move(meta)}};
  const bool behind = mode_ == Mode::asynchronous;
  pace_.begin();
  const auto write = [this, rank = world_.rank(),
                      tensors = behind ? staging_.copy(mine, stream_) : mine] {
    return write_part(run_directory_, folder_, rank, tensors, pace_);
  };
  writing_ = std::async(behind ? std::launch::async : std::launch::deferred, write);
  phase_ = Phase::writing;
}

bool CheckpointSaver::working() const {
  const auto unfinished = [](const auto& future) {
    return future.wait_for(std::chrono::seconds{0}) == std::future_status::timeout;
  };
  return (phase_ == Phase::writing && unfinished(writing_)) ||
         (phase_ == Phase::committing && unfinished(committing_));
}

std::optional<fs::path> CheckpointSaver::advance() {
  try {
    if (phase_ == Phase::writing) {
      agree(world_, [this] { entry_ = writing_.get(); });
      begin_commit();
    } else if (phase_ == Phase::committing) {
      agree(world_, [this] { committing_.get(); });
      phase_ = Phase::idle;
      return folder_;
    }
    return std::nullopt;
  } catch (const Error& error) {
    phase_ = Phase::idle;
    if (error.agreed()) discard();
    throw;
  }
}

void CheckpointSaver::begin_commit() {
  auto texts = gather_text(world_, canonical_text(json_of(std::vector{entry_})));
  const auto commit = [this, rank = world_.rank(), texts = std::move(texts)] {
    if (rank != 0) return;
    Manifest manifest{checkpoint_kind, checkpoint_version, join_files(texts), top_level_};
    check_one_owner_each(manifest.files);
    commit_files(folder_, manifest);
  };
  const bool behind = mode_ == Mode::asynchronous;
  committing_ = std::async(behind ? std::launch::async : std::launch::deferred, commit);
  phase_ = Phase::committing;
}

std::optional<fs::path> CheckpointSaver::finish() {
  std::optional<fs::path> folder;
  hurry();
  while (in_progress()) folder = advance();
  return folder;
}

// After a failure that all ranks know of. The manifest goes first, in case the failure came after
// the commit; what cannot be removed stays.
void CheckpointSaver::discard() {
  if (world_.rank() == 0) durable::try_remove_tree(folder_ / manifest_name);
  world_.barrier();
  durable::try_remove_tree(my_file());
  world_.barrier();
  if (world_.rank() == 0) durable::try_remove_tree(folder_);
  world_.barrier();
}

fs::path save_checkpoint(const fs::path& run_directory, std::int64_t step, int attempt,
                         const std::vector<NamedTensor>& mine, const nlohmann::json& meta,
                         Comm& world, Stream& stream) {
  CheckpointSaver saver(run_directory, attempt, CheckpointSaver::Mode::synchronous, world, stream);
  saver.start(step, mine, meta);
  return *saver.finish();
}

}  // namespace switchyard
