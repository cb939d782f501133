#include "train/step/run.h"

#include <optional>

namespace switchyard {
namespace {

bool is_due(std::int64_t every, std::int64_t steps_done) {
  return every > 0 && steps_done % every == 0;
}

// What a rank's island found in its last step.
struct Course {
  bool left = false;  // it waits for the others, to go back together
  bool sound = true;  // the step was taken without a doubt
};

struct Votes {
  bool stop = false, save_working = false;  // of any rank
  bool left = false, sound = true;          // of any and all islands
};

// Collective. Signals reach ranks at different steps, so the ranks agree on one step to stop at.
// The same reduction finds out whether all have written their part of a save.
Votes vote(RunSaves& saves, const RunHost& host, Comm& world, const Course& course = {}) {
  const std::int64_t mine = (host.stop_requested() ? 1 : 0) | (saves.working() ? 2 : 0) |
                            (course.left ? 4 : 0) | (course.sound ? 0 : 8);
  const std::int64_t all = reduce_one(world, mine, Reduce::bit_or);
  return {(all & 1) != 0, (all & 2) != 0, (all & 4) != 0, (all & 8) == 0};
}

// Islands vote where there is something to do together, and every few steps.
bool votes_after(std::int64_t done, const RunSteps& steps, const TrainConfig& config,
                 const RunRange& range) {
  return config.islands.count == 1 || is_due(config.islands.vote_every, done) ||
         is_due(config.checkpoint_every, done) || is_due(config.evaluate_every, done) ||
         is_due(range.local_every, done) || done == config.steps || done == range.stop_before ||
         steps.meets(done);
}

// Collective. Nothing if a request to stop left the evaluation; no improvement if there is nothing
// to evaluate on.
std::optional<Judgement> evaluate(RunSteps& steps, RunSaves& saves, RunHost& host,
                                  std::int64_t done, bool sound, Comm& world) {
  if (!steps.can_evaluate()) return Judgement{};
  host.entered(Phase::evaluate);
  const std::optional<Evaluation> evaluation = steps.evaluate([&] {
    const Votes votes = vote(saves, host, world);
    if (!votes.save_working) saves.advance();
    return votes.stop;
  });
  if (!evaluation) return std::nullopt;
  return host.evaluated(done, *evaluation, sound);
}

// Whether the run ends after this many steps, and how.
std::optional<RunEnd> end_after(std::int64_t done, bool stop_requested, const TrainConfig& config,
                                const RunRange& range) {
  if (done == config.steps) return RunEnd::done;
  if (stop_requested) return RunEnd::preempted;
  if (range.stop_before > 0 && done >= range.stop_before) return RunEnd::stopped;
  if (done == range.rebuild_at) return RunEnd::rebuild;
  return std::nullopt;
}

// Collective. Makes up for an evaluation that was left, and saves the state with its loss. Whether
// the run ends before its first step, and how.
std::optional<RunEnd> end_before_steps(RunSteps& steps, RunSaves& saves, RunHost& host,
                                       const TrainConfig& config, const RunRange& range,
                                       Comm& world) {
  const std::int64_t first = range.first_step, asked = host.stop_requested();
  const bool stopped_there_before = range.stop_before > 0 && first >= range.stop_before;
  if (stopped_there_before && first < config.steps) return RunEnd::stopped;
  if (first < config.steps && reduce_one(world, asked, Reduce::max) != 0) return RunEnd::preempted;
  const bool owes_evaluation =
      !range.evaluated && first > 0 && is_due(config.evaluate_every, first);
  if (!owes_evaluation || !steps.can_evaluate()) return std::nullopt;
  const std::optional<Judgement> judgement =
      evaluate(steps, saves, host, first, /*sound=*/true, world);
  if (!judgement) return RunEnd::preempted;
  host.entered(Phase::save);
  saves.save(first);
  const bool ends = judgement->ends_run && first < config.steps;
  if (ends || first == config.steps) saves.finish();
  return ends ? std::optional(RunEnd::early) : std::nullopt;
}

}  // namespace

RunEnd run_training(RunSteps& steps, RunSaves& saves, RunHost& host, const TrainConfig& config,
                    const RunRange& range, Comm& world) {
  if (const auto end = end_before_steps(steps, saves, host, config, range, world)) return *end;
  bool save_is_due = false;
  Course course;
  for (std::int64_t done = range.first_step + 1; done <= config.steps; ++done) {
    host.entered(Phase::step);
    if (!course.left) {
      const StepReport report = steps.step(done - 1);
      host.stepped(report);
      course = {report.outcome == StepOutcome::rewind, report.outcome <= StepOutcome::repeated};
    }
    if (!votes_after(done, steps, config, range)) continue;
    const Votes votes = vote(saves, host, world, course);
    if (votes.left) {
      steps.rejoin();
      host.entered(Phase::start);
      return RunEnd::rewind;
    }
    if (!votes.save_working) saves.advance();
    if (steps.meets(done)) {
      for (const IslandReport& agreed : steps.meet(done)) host.met(agreed);
    }
    std::optional<RunEnd> end = end_after(done, votes.stop, config, range);
    const bool leaves_early = end == RunEnd::preempted || end == RunEnd::stopped;
    save_is_due = save_is_due || is_due(config.checkpoint_every, done);
    if (is_due(config.evaluate_every, done) && !leaves_early) {
      const std::optional<Judgement> judgement =
          evaluate(steps, saves, host, done, votes.sound, world);
      if (!judgement) {
        end = RunEnd::preempted;
      } else {
        save_is_due = save_is_due || judgement->improved;
        if (judgement->ends_run && end != RunEnd::done) end = RunEnd::early;
      }
    }
    if (end || (save_is_due && votes.sound)) {
      host.entered(Phase::save);
      saves.save(done);
      save_is_due = false;
    } else if (votes.sound) {
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
