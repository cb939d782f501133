#include "io/local/local_target.h"

#include <algorithm>
#include <system_error>
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

// The checkpoints of this node, newest first. A later attempt wrote newer ones, even if it went
// back to an earlier step.
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

// Removes all but the newest committed checkpoints, and what no save finished.
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

LocalTarget::LocalTarget(LocalDisks disks, int attempt, Comm& world)
    : disks_(std::move(disks)), attempt_(attempt), world_(world.split(0, world.rank())) {}

SavePhases LocalTarget::begin(const Snapshot& snapshot, WritePace& pace) {
  folder_ = disks_.folder / checkpoint_folder_name({snapshot.step, attempt_});
  manifest_keys_ = manifest_keys(snapshot, attempt_, world_->size());
  return {
      {.alone = [this, mine = snapshot.mine, files = snapshot.files,
                 &pace] { write(mine, files, pace); }},
      {.together = [this, &pace](SavePhases& following) { begin_parity(pace, following); },
       .alone = [this] { parity_->work(); }},
      {.together = [this](SavePhases&) { agree_on_manifest(); },
       .alone =
           [this] {
             if (disks_.first_of_node()) commit();
           }},
      {.together = [this](SavePhases&) { remove_older(); }},
  };
}

// A file of this name is what a failed save of this attempt left behind.
void LocalTarget::write(const std::vector<NamedTensor>& mine, const std::vector<NamedFile>& files,
                        WritePace& pace) {
  if (removing_.valid()) removing_.get();
  durable::make_folders(folder_);
  const fs::path file = folder_ / rank_file_name(world_->rank());
  durable::remove_tree(file);
  entries_ = {write_checkpoint_file(file, mine, pace)};
  if (!disks_.first_of_node()) return;
  for (const NamedFile& small : files) {  // every node keeps them, and rank 0 names them
    FileEntry entry = write_small_file(folder_, small);
    if (world_->rank() == 0) entries_.push_back(std::move(entry));
  }
}

// Two phases follow for each round: pieces travel, and each rank works on what arrived.
void LocalTarget::begin_parity(WritePace& pace, SavePhases& following) {
  auto sets = make_redundancy_sets(disks_.topology.ranks, disks_.set_nodes);
  manifest_keys_["sets"] = json_of(sets);
  parity_ = std::make_unique<ParityMaker>(folder_, std::move(sets), entries_.front().bytes, *world_,
                                          pace);
  for (std::int64_t round = 0; round < parity_->num_rounds(); ++round) {
    following.push_front({.alone = [this] { parity_->work(); }});
    following.push_front({.together = [this](SavePhases&) { parity_->start(); },
                          .arrived = [this] { return parity_->arrived(); }});
  }
}

// Every byte of every node is on its disk when this returns. Each node gets the same manifest: one
// of them is enough to know the checkpoint by.
void LocalTarget::agree_on_manifest() {
  for (const FileEntry& entry : parity_->entries()) entries_.push_back(entry);
  parity_.reset();
  const auto texts = gather_text(*world_, canonical_text(json_of(entries_)));
  std::string text;
  on_root(*world_, [&] {
    text = manifest_text(
        {local_checkpoint_kind, local_checkpoint_version, join_files(texts), manifest_keys_});
  });
  agree(*world_, [this] { durable::sync_folder(folder_); });
  manifest_ = broadcast_text(*world_, text, 0);
}

void LocalTarget::commit() const { durable::replace_file(folder_ / manifest_name, manifest_); }

void LocalTarget::remove_older() {
  if (!disks_.first_of_node()) return;
  removing_ = std::async(std::launch::async, [folder = disks_.folder] { keep_newest(folder); });
}

void LocalTarget::discard() {
  parity_.reset();
  if (disks_.first_of_node()) durable::try_remove_tree(folder_ / manifest_name);
  world_->barrier();
  if (disks_.first_of_node()) durable::try_remove_tree(folder_);
  world_->barrier();
}

}  // namespace switchyard
