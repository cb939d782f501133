#include "launch/training/saving.h"

#include <system_error>
#include <utility>

#include "io/text/byte_size.h"
#include "launch/run/attempts.h"
#include "launch/run/local_storage.h"
#include "runtime/comm/agree.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

BackgroundSave::Mode mode_of(const CheckpointConfig& config) {
  return config.async ? BackgroundSave::Mode::asynchronous : BackgroundSave::Mode::synchronous;
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// A run survives what a disk refused: the state in memory is good.
bool is_of_the_disk(const Error& error) {
  return error.agreed() && (error.code() == Exit::storage || error.code() == Exit::data);
}

}  // namespace

Saving::Saving(fs::path run_directory, const CheckpointConfig& config, RunAccount& account,
               RunNotes& notes, std::function<Snapshot()> snapshot, Comm& world, Stream& stream)
    : run_directory_(std::move(run_directory)),
      account_(account),
      notes_(notes),
      snapshot_(std::move(snapshot)),
      world_(world),
      async_(config.async),
      shared_(run_directory_, account.attempt(), world),
      local_every_(config.local_every),
      save_(mode_of(config), world, stream, config.write_rate),
      retention_(run_directory_, {config.keep, config.keep_every, config.keep_best}) {
  if (!account.checkpoint().empty()) retention_.note_good(account.checkpoint());
  if (local_every_ == 0) return;
  LocalDisks disks = find_local_disks(local_storage_of(config, run_directory_, world), world);
  notes_.log().info("node-local checkpoints: {}", redundancy_summary(disks));
  local_.emplace(std::move(disks), account.attempt(), world);
}

void Saving::save(std::int64_t steps_done) {
  wait_for_earlier(steps_done);
  require_not_overtaken();
  Snapshot snapshot = snapshot_();
  warn_of_full_disk(snapshot);
  failure_.reset();
  start(shared_, std::move(snapshot));
}

void Saving::save_between(std::int64_t steps_done) {
  if (!local_ || steps_done % local_every_ != 0) return;
  if (in_progress()) {
    notes_.log().info("step {}: no node-local checkpoint, an earlier save is not done", steps_done);
    return;
  }
  start(*local_, snapshot_());
}

void Saving::start(SaveTarget& target, Snapshot snapshot) {
  target_ = &target;
  step_ = snapshot.step;
  began_ = Clock::now();
  save_.start(target, std::move(snapshot));
  if (!async_) wait();
}

void Saving::wait_for_earlier(std::int64_t steps_done) {
  if (!in_progress()) return;
  const Clock::time_point begin = Clock::now();
  wait();
  notes_.log().info("step {}: waited {:.2f} s for the save of step {}", steps_done,
                    seconds_since(begin), step_);
}

void Saving::wait() {
  save_.hurry();
  while (in_progress()) advance();
}

void Saving::advance() {
  try {
    advance_or_throw();
  } catch (const Error& error) {
    if (!is_of_the_disk(error)) throw;
    report(error);
  }
}

void Saving::report(const Error& error) {
  if (saves_locally()) {
    notes_.log().warn("the node-local checkpoint of step {} was not saved: {}. Training goes on",
                      step_, error.what());
    return;
  }
  failure_ = error;
  notes_.log().error(
      "the checkpoint of step {} was not saved: {}. Training goes on; earlier checkpoints are as "
      "they were",
      step_, error.what());
}

void Saving::settle() {
  wait();
  finish_retaining();
}

void Saving::finish() {
  if (saves_locally()) wait();
  save_.hurry();
  while (in_progress()) advance_or_throw();
  finish_retaining();
  if (failure_) throw Error(*failure_);
}

void Saving::advance_or_throw() {
  const std::optional<fs::path> committed = save_.advance();
  if (committed && !saves_locally()) note_committed(*committed);
}

void Saving::note_committed(const fs::path& folder) {
  account_.note_checkpoint(folder);
  notes_.state(account_.state("running"));
  notes_.metrics([&](RunMetrics& metrics) { metrics.saved(folder, step_, seconds_since(began_)); });
  if (world_.rank() == 0) retain(folder);
}

void Saving::require_not_overtaken() {
  on_root(world_, [this] {
    const std::optional<Attempt> newest = newest_attempt(run_directory_);
    const int mine = account_.attempt();
    const int number = newest ? newest->number : mine;
    require(number <= mine, Exit::busy,
            "attempt {} took {} over from this one (attempt {}), which leaves it to that one",
            number, run_directory_.string(), mine);
  });
}

void Saving::warn_of_full_disk(const Snapshot& snapshot) {
  std::int64_t bytes = 0;
  for (const NamedTensor& named : snapshot.mine) bytes += named.tensor.bytes();
  bytes = reduce_one(world_, bytes, Reduce::sum);
  std::error_code unknown;
  const fs::space_info space = fs::space(run_directory_, unknown);
  if (unknown || space.available >= static_cast<std::uintmax_t>(bytes)) {
    warned_of_disk_ = false;
  } else if (!std::exchange(warned_of_disk_, true)) {
    notes_.log().warn(
        "the checkpoint of step {} takes {}, and {} has {} free: free some space there, or lower "
        "checkpoint.keep",
        snapshot.step, bytes_in_words(bytes), run_directory_.string(),
        bytes_in_words(static_cast<std::int64_t>(space.available)));
  }
}

void Saving::retain(const fs::path& committed) {
  finish_retaining();
  retention_.note_good(committed);
  retaining_ = std::async(std::launch::async, [this] { retention_.apply(); });
}

void Saving::finish_retaining() {
  if (!retaining_.valid()) return;
  try {
    retaining_.get();
  } catch (const Error& error) {
    notes_.log().warn("old checkpoints could not be deleted: {}", error.what());
  }
}

}  // namespace switchyard
