#include "train/step/run.h"

#include <chrono>

#include "runtime/device/trace.h"

namespace switchyard {
namespace {

bool is_due(std::int64_t every, std::int64_t steps_done) {
  return every > 0 && steps_done % every == 0;
}

struct Votes {
  bool stop = false, save_working = false;  // of any rank
};

// Collective: signals reach ranks at different steps, so they agree on one; and the one vote tells
// whether all have written their part of a save.
Votes vote(const RunHooks& hooks, Comm& world) {
  const std::int64_t mine = (hooks.stop_requested() ? 1 : 0) | (hooks.save_working() ? 2 : 0);
  const std::int64_t all = reduce_one(world, mine, Reduce::bit_or);
  return {(all & 1) != 0, (all & 2) != 0};
}

StepData next_data(Trainer& trainer, Loader& loader, std::int64_t step) {
  const Span span(trainer.stream(), "data");
  return loader.step(trainer.batch_of(step));
}

// work's report, with the wall time it took.
template <class Work>
auto timed(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  auto report = work();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

}  // namespace

RunEnd run_training(Trainer& trainer, Loader& loader, Loader* validation, const TrainConfig& config,
                    const RunRange& range, Comm& world, const RunHooks& hooks) {
  bool save_is_due = false;
  for (std::int64_t step = range.first_step; step < config.steps; ++step) {
    hooks.entered(Phase::step);
    const StepReport stepped =
        timed([&] { return trainer.step(step, next_data(trainer, loader, step)); });
    hooks.stepped(stepped);
    if (stepped.outcome == StepOutcome::rewind) {
      hooks.entered(Phase::start);
      return RunEnd::rewind;
    }
    const std::int64_t done = step + 1;
    const bool last = done == config.steps;
    const bool at_end_of_range = range.stop_before > 0 && done >= range.stop_before;
    const Votes votes = vote(hooks, world);
    if (!votes.save_working) hooks.advance_save();
    const bool stop = (votes.stop || at_end_of_range) && !last;
    if (validation != nullptr && is_due(config.evaluate_every, done) && !stop) {
      hooks.entered(Phase::evaluate);
      hooks.evaluated(done, trainer.evaluate(*validation));
    }
    save_is_due = save_is_due || is_due(config.checkpoint_every, done);
    const bool sound = stepped.outcome <= StepOutcome::repeated;
    if (last || stop || (save_is_due && sound)) {
      hooks.entered(Phase::save);
      hooks.save(done);
      save_is_due = false;
    } else if (sound) {
      hooks.not_saved(done);
    }
    if (stop || last) hooks.finish_saves();
    if (stop) return RunEnd::stopped;
    if (is_due(config.placement_every, done) && !last) {
      hooks.entered(Phase::place);
      PlacementReport report = timed([&] { return trainer.rebalance(); });
      report.steps_done = done;
      hooks.placed(report);
    }
  }
  return RunEnd::done;
}

}  // namespace switchyard
