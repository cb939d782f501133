#include "train/run.h"

#include <chrono>

namespace switchyard {
namespace {

bool is_due(std::int64_t every, std::int64_t steps_done) {
  return every > 0 && steps_done % every == 0;
}

// Collective: signals reach ranks at different steps, so they agree on one.
bool agree_to_stop(const RunHooks& hooks, Comm& world) {
  return reduce_one(world, std::int64_t{hooks.stop_requested()}, Reduce::max) != 0;
}

StepReport timed_step(Trainer& trainer, Loader& loader, std::int64_t step) {
  const auto begin = std::chrono::steady_clock::now();
  StepReport report = trainer.step(loader.step(step));
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

}  // namespace

RunEnd run_training(Trainer& trainer, Loader& loader, Loader* validation, const TrainConfig& config,
                    const RunRange& range, Comm& world, const RunHooks& hooks) {
  for (std::int64_t step = range.first_step; step < config.steps; ++step) {
    hooks.entered(Phase::step);
    hooks.stepped(timed_step(trainer, loader, step));
    const std::int64_t done = step + 1;
    const bool last = done == config.steps;
    const bool at_end_of_range = range.stop_before > 0 && done >= range.stop_before;
    const bool stop = (agree_to_stop(hooks, world) || at_end_of_range) && !last;
    if (validation != nullptr && is_due(config.evaluate_every, done) && !stop) {
      hooks.entered(Phase::evaluate);
      hooks.evaluated(done, trainer.evaluate(*validation));
    }
    if (last || stop || is_due(config.checkpoint_every, done)) {
      hooks.entered(Phase::save);
      hooks.save(done);
    }
    if (stop) return RunEnd::stopped;
  }
  return RunEnd::done;
}

}  // namespace switchyard
