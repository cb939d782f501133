#include "launch/training/start.h"

#include <fmt/ranges.h>

#include "io/checkpoint/checkpoint.h"
#include "io/files/durable.h"
#include "io/local/local_fetch.h"
#include "launch/host/stop_signals.h"
#include "launch/run/attempts.h"
#include "launch/run/checkpoint_meta.h"
#include "launch/run/initial_model.h"
#include "launch/run/local_storage.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"
#include "train/step/early_stop.h"
#include "train/step/schedule.h"

namespace switchyard {
namespace {

constexpr std::chrono::seconds patience{15};

void refuse_used(const RunDirectory& directory) {
  if (!directory.used()) return;
  wait_for_owner(directory.path(), std::chrono::seconds{0});
  fail(Exit::usage,
       "{} holds a run already: add --resume to go on with it, or choose another place with --set "
       "run.directory=...",
       directory.path().string());
}

// Collective. The disks of the nodes may have a newer checkpoint than the run directory.
void prefer_local(Found& found, const RunDirectory& directory, const CheckpointConfig& config,
                  Comm& world) {
  const LocalDisks disks =
      find_local_disks(local_storage_of(config, directory.path(), world), world);
  std::optional<CheckpointId> shared;
  if (found.folder) shared = parse_checkpoint_folder_name(found.folder->filename().string());
  LocalFetch local = fetch_local_checkpoint(directory.path(), disks, shared, world);
  found.skipped.insert(found.skipped.end(), local.notes.begin(), local.notes.end());
  if (local.folder) found.folder = std::move(local.folder);
}

// A run that never saved trains from step 0. If it has checkpoints, and all are damaged, that would
// supersede them, and in time delete checkpoints that a disk which is only offline may bring back.
void start_over(std::int64_t num_damaged, std::vector<std::string>& notes,
                const std::filesystem::path& run) {
  require(num_damaged == 0, Exit::data,
          "no checkpoint of {} is good ({}): bring one back, or move {} away to train from step 0",
          run.string(), fmt::join(notes, "; "), (run / "checkpoints").string());
  notes.push_back(
      fmt::format("{} has no checkpoint to go on from: starting at step 0 again", run.string()));
}

// What the run does otherwise than before.
void note_changes(const Config& before, const Config& now, std::int64_t step,
                  std::vector<std::string>& notes) {
  for (const std::string& changed : changed_free_keys(before, now))
    notes.push_back("changed since the checkpoint: " + changed);
  const double was = learning_rate_at(before.train, step), is = learning_rate_at(now.train, step);
  const std::int64_t last = now.train.steps - 1;
  if (was == is && before.train.steps == now.train.steps) return;
  notes.push_back(fmt::format(
      "the learning rate goes on at {:.4g} (it was about to be {:.4g}) and ends at {:.4g} after {} "
      "more steps",
      is, was, learning_rate_at(now.train, last), now.train.steps - step));
}

// With the patience of now, which may be another one than before.
bool has_stopped_early(const CheckpointReader& checkpoint, const TrainConfig& train) {
  if (train.patience == 0 || !checkpoint.fields().has("early_stop")) return false;
  EarlyStop early_stop(train.patience, train.min_improvement);
  early_stop.load(checkpoint.fields().object("early_stop"));
  return early_stop.stops();
}

// Collective. Fills in checkpoint, steps_done, evaluated and notes.
Start find_start(const RunDirectory& directory, const Config& config, const TokenStore& store,
                 Comm& world) {
  Found found = newest_good_checkpoint(directory.path(), world);
  if (!config.checkpoint.local_dir.empty()) {
    prefer_local(found, directory, config.checkpoint, world);
  }
  Start start;
  if (world.rank() == 0) start.notes = std::move(found.skipped);
  if (!found.folder) {
    on_root(world, [&] { start_over(found.num_damaged, start.notes, directory.path()); });
    return start;
  }
  on_root(world, [&] {
    const CheckpointReader checkpoint(*found.folder);
    check_resumable(checkpoint, config, store);
    start.steps_done = checkpoint.step();
    start.evaluated = checkpoint.fields().has("validation_loss");
    start.stopped_early = has_stopped_early(checkpoint, config.train);
    if (start.steps_done < config.train.steps)
      note_changes(config_of(checkpoint), config, start.steps_done, start.notes);
  });
  start.checkpoint = *found.folder;
  return start;
}

// Collective. True if the checkpoint is all that the run was to reach.
bool is_at_goal(const Start& start, const Config& config, const StartGoal& goal, Comm& world) {
  const std::int64_t every = config.train.evaluate_every;
  const bool owes_evaluation =
      goal.can_evaluate && !start.evaluated && every > 0 && start.steps_done % every == 0;
  const bool done =
      (start.steps_done == config.train.steps && !owes_evaluation) || start.stopped_early;
  const bool stopped = goal.stop_before > 0 && start.steps_done >= goal.stop_before &&
                       start.steps_done < config.train.steps;
  const bool mine = !start.checkpoint.empty() && world.rank() == 0 && (done || stopped);
  return reduce_one(world, std::int64_t{mine}, Reduce::max) != 0;
}

// Collective. Sends all ranks what rank 0 chose.
void share(Start& start, Comm& world) {
  start.attempt = static_cast<int>(reduce_one(world, std::int64_t{start.attempt}, Reduce::max));
  start.steps_done = reduce_one(world, start.steps_done, Reduce::max);
  start.stopped_early = reduce_one(world, std::int64_t{start.stopped_early}, Reduce::max) != 0;
  start.checkpoint = broadcast_text(world, start.checkpoint.string(), 0);
}

// Collective. Nothing has changed yet, and finding a checkpoint may have taken longer than the time
// that a warning leaves.
void leave_if_asked(Comm& world) {
  if (reduce_one(world, std::int64_t{StopSignals::requested_so_far()}, Reduce::max) == 0) return;
  throw Error(Exit::requeue, "asked to stop before the first step, so nothing was changed")
      .as_agreed();
}

// Collective. The attempt after this process's own, from a checkpoint of rank 0.
Start next_attempt(const RunDirectory& directory, int attempt, Found found, Comm& world) {
  Start start;
  if (world.rank() == 0) start.notes = std::move(found.skipped);
  on_root(world, [&] {
    start.checkpoint = *found.folder;
    start.steps_done = CheckpointReader(start.checkpoint).step();
    start.attempt = take_attempt(directory.path(), found.folder->filename().string()).number;
    require(start.attempt == attempt + 1, Exit::busy, "attempt {} took {} over from this one",
            start.attempt - 1, directory.path().string());
  });
  share(start, world);
  return start;
}

}  // namespace

Start start_attempt(const RunDirectory& directory, const Config& config, const TokenStore& store,
                    const StartGoal& goal, Comm& world) {
  std::int64_t goes_on = 0;
  on_root(world, [&] {
    if (!goal.resume) refuse_used(directory);
    goes_on = goal.resume && directory.used();
    if (goes_on != 0) wait_for_owner(directory.path(), patience);
  });
  Start start;
  if (reduce_one(world, goes_on, Reduce::max) != 0)
    start = find_start(directory, config, store, world);
  if (start.checkpoint.empty() && !config.train.initial.empty())
    on_root(world, [&] { check_initial(CheckpointReader(config.train.initial), store); });
  leave_if_asked(world);
  const bool has_nothing_to_do = is_at_goal(start, config, goal, world);
  on_root(world, [&] {
    if (has_nothing_to_do) return;
    durable::make_folders(directory.logs());
    start.attempt = take_attempt(directory.path(), start.checkpoint.filename().string()).number;
    durable::replace_file(directory.config_file(), print_config(config, Docs::yes));
  });
  share(start, world);
  return start;
}

Start go_back(const RunDirectory& directory, int attempt, const GuardConfig& guard,
              const Rewind& rewind, const std::string& problem, Comm& world) {
  Found found = newest_good_checkpoint(directory.path(), world,
                                       guard.rewind_checkpoints * rewind.num_rewinds - 1);
  on_root(world, [&] {
    require(found.folder.has_value(), Exit::numerical,
            "{}, and {} holds no checkpoint to go back to", problem, directory.path().string());
  });
  Start start = next_attempt(directory, attempt, std::move(found), world);
  start.rewind = rewind;
  return start;
}

Start go_on_elsewhere(const RunDirectory& directory, int attempt, Comm& world) {
  Found found = newest_good_checkpoint(directory.path(), world);
  on_root(world, [&] {
    require(found.folder.has_value(), Exit::data, "{} holds no good checkpoint to go on from",
            directory.path().string());
  });
  return next_attempt(directory, attempt, std::move(found), world);
}

}  // namespace switchyard
