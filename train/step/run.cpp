#include "train/step/run.h"

#include <optional>

namespace switchyard {
namespace {

bool is_due(std::int64_t every, std::int64_t steps_done) {
  return every > 0 && steps_done % every == 0;
}

struct Votes {
  bool stop = false, save_working = false;  // of any rank
};

// Collective. Signals reach ranks at different steps, so the ranks agree on one step to stop at.
// The same reduction finds out whether all have written their part of a save.
Votes vote(RunSaves& saves, const RunHost& host, Comm& world) {
  const std::int64_t mine = (host.stop_requested() ? 1 : 0) | (saves.working() ? 2 : 0);
  const std::int64_t all = reduce_one(world, mine, Reduce::bit_or);
  return {(all & 1) != 0, (all & 2) != 0};
}

// Whether the run ends after this many steps, and how.
std::optional<RunEnd> end_after(std::int64_t done, bool stop_requested, const TrainConfig& config,
                                const RunRange& range) {
  if (done == config.steps) return RunEnd::done;
  if (stop_requested) return RunEnd::preempted;
  if (range.stop_before > 0 && done >= range.stop_before) return RunEnd::stopped;
  return std::nullopt;
}

}  // namespace

RunEnd run_training(RunSteps& steps, RunSaves& saves, RunHost& host, const TrainConfig& config,
                    const RunRange& range, Comm& world) {
  const bool stopped_there_before = range.stop_before > 0 && range.first_step >= range.stop_before;
  if (stopped_there_before && range.first_step < config.steps) return RunEnd::stopped;
  bool save_is_due = false;
  for (std::int64_t done = range.first_step + 1; done <= config.steps; ++done) {
    host.entered(Phase::step);
    const StepReport report = steps.step(done - 1);
    host.stepped(report);
    if (report.outcome == StepOutcome::rewind) {
      host.entered(Phase::start);
      return RunEnd::rewind;
    }
    const Votes votes = vote(saves, host, world);
    if (!votes.save_working) saves.advance();
    const std::optional<RunEnd> end = end_after(done, votes.stop, config, range);
    const bool leaves_early = end && *end != RunEnd::done;
    if (steps.can_evaluate() && is_due(config.evaluate_every, done) && !leaves_early) {
      host.entered(Phase::evaluate);
      host.evaluated(done, steps.evaluate());
    }
    save_is_due = save_is_due || is_due(config.checkpoint_every, done);
    const bool sound = report.outcome <= StepOutcome::repeated;
    if (end || (save_is_due && sound)) {
      host.entered(Phase::save);
      saves.save(done);
      save_is_due = false;
    } else if (sound) {
      saves.save_between(done);
    }
    if (end) {
      saves.finish();
      return *end;
    }
    if (is_due(config.placement_every, done)) {
      host.entered(Phase::place);
      PlacementReport placement = steps.place_experts();
      placement.steps_done = done;
      host.placed(placement);
    }
  }
  return RunEnd::done;
}

}  // namespace switchyard
