#include "io/local/local_saver.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>
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

constexpr std::size_t num_kept = 2;

// The checkpoints of this node, the newest first. What a later attempt wrote is newer: it may have
// gone back to an earlier step.
std::vector<fs::path> by_age(const fs::path& run_folder) {
  std::vector<std::pair<std::pair<int, std::int64_t>, fs::path>> found;
  std::error_code error;
  for (fs::directory_iterator entry(run_folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto id = parse_checkpoint_folder_name(entry->path().filename().string());
    if (id) found.push_back({{id->attempt, id->step}, entry->path()});
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<fs::path> folders;
  for (auto& [age, folder] : found) folders.push_back(std::move(folder));
  return folders;
}

// Older ones that were committed, but for the newest, and what no save finished.
void keep_newest(const fs::path& run_folder) {
  std::size_t num_good = 0;
  for (const fs::path& folder : by_age(run_folder)) {
    if (num_good < num_kept && is_committed(folder)) {
      ++num_good;
    } else if (num_good > 0) {
      remove_folder(folder);
    }
  }
}

}  // namespace

LocalSaver::LocalSaver(LocalDisks disks, int attempt, CheckpointSaver::Mode mode, Comm& world,
                       Stream& stream, Staging& staging, WritePace& pace)
    : disks_(std::move(disks)),
      attempt_(attempt),
      mode_(mode),
      world_(world.split(0, world.rank())),
      stream_(stream),
      staging_(staging),
      pace_(pace) {}

LocalSaver::~LocalSaver() {
  if (work_.valid() && mode_ == CheckpointSaver::Mode::asynchronous) work_.wait();
}

void LocalSaver::run(Phase phase, std::function<void()> work) {
  const bool behind = mode_ == CheckpointSaver::Mode::asynchronous;
  work_ = std::async(behind ? std::launch::async : std::launch::deferred, std::move(work));
  phase_ = phase;
}

void LocalSaver::start(std::int64_t step, const std::vector<NamedTensor>& mine,
                       nlohmann::json meta) {
  require(!in_progress(), "a save of step {} while another is in progress", step);
  stream_.synchronize();
  folder_ = disks_.folder / checkpoint_folder_name({step, attempt_});
  top_level_ = {{"step", step},
                {"attempt", attempt_},
                {"num_ranks", world_->size()},
                {"meta", std::move(meta)}};
  const bool behind = mode_ == CheckpointSaver::Mode::asynchronous;
  pace_.begin();
  run(Phase::writing,
      [this, tensors = behind ? staging_.copy(mine, stream_) : mine] { write(tensors); });
}

// A file of this name is what a failed save of this attempt left behind.
void LocalSaver::write(const std::vector<NamedTensor>& mine) {
  if (removing_.valid()) removing_.get();
  durable::make_folders(folder_);
  const fs::path file = folder_ / rank_file_name(world_->rank());
  durable::remove_tree(file);
  entries_ = {write_checkpoint_file(file, mine, pace_)};
}

bool LocalSaver::working() const {
  if (phase_ == Phase::idle) return false;
  if (phase_ == Phase::travelling) return !parity_->arrived();
  return work_.wait_for(std::chrono::seconds{0}) == std::future_status::timeout;
}

std::optional<fs::path> LocalSaver::advance() {
  if (!in_progress()) return std::nullopt;
  try {
    if (phase_ != Phase::travelling) agree(*world_, [this] { work_.get(); });
    step_forward();
  } catch (const Error& error) {
    phase_ = Phase::idle;
    if (error.agreed()) discard();
    throw;
  }
  return in_progress() ? std::nullopt : std::optional(folder_);
}

void LocalSaver::step_forward() {
  switch (phase_) {
    case Phase::idle:
      break;
    case Phase::writing:
      begin_parity();
      break;
    case Phase::making_parity:
      if (parity_->has_more()) {
        parity_->start();
        phase_ = Phase::travelling;
      } else {
        begin_commit();
      }
      break;
    case Phase::travelling:
      while (!parity_->arrived()) std::this_thread::yield();
      run(Phase::making_parity, [this] { parity_->work(); });
      break;
    case Phase::committing:
      phase_ = Phase::idle;
      remove_older();
      break;
  }
}

void LocalSaver::begin_parity() {
  auto sets = make_redundancy_sets(disks_.topology.ranks, disks_.set_nodes);
  top_level_["sets"] = json_of(sets);
  parity_ = std::make_unique<ParityMaker>(folder_, std::move(sets), entries_.front().bytes, *world_,
                                          pace_);
  run(Phase::making_parity, [this] { parity_->work(); });
}

void LocalSaver::begin_commit() {
  for (const FileEntry& entry : parity_->entries()) entries_.push_back(entry);
  parity_.reset();
  const auto texts = gather_text(*world_, canonical_text(json_of(entries_)));
  std::string manifest;
  on_root(*world_, [&] {
    manifest = manifest_text(
        {local_checkpoint_kind, local_checkpoint_version, join_files(texts), top_level_});
  });
  // Every byte of every node is on its disk now, once the folders are: one manifest is enough to
  // know them by.
  agree(*world_, [this] { durable::sync_folder(folder_); });
  run(Phase::committing, [this, text = broadcast_text(*world_, manifest, 0)] {
    if (disks_.first_of_node()) durable::replace_file(folder_ / manifest_name, text);
  });
}

std::optional<fs::path> LocalSaver::finish() {
  std::optional<fs::path> folder;
  while (in_progress()) folder = advance();
  return folder;
}

void LocalSaver::remove_older() {
  if (!disks_.first_of_node()) return;
  removing_ = std::async(std::launch::async, [folder = disks_.folder] { keep_newest(folder); });
}

void LocalSaver::discard() {
  parity_.reset();
  if (disks_.first_of_node()) durable::try_remove_tree(folder_ / manifest_name);
  world_->barrier();
  if (disks_.first_of_node()) durable::try_remove_tree(folder_);
  world_->barrier();
}

}  // namespace switchyard
