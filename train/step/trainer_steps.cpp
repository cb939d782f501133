#include "train/step/trainer_steps.h"

#include <fmt/format.h>

#include <chrono>

#include "runtime/comm/agree.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

// The report of the work, with the wall time that it took.
template <class Work>
auto timed(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  auto report = work();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

}  // namespace

StepReport TrainerSteps::step(std::int64_t step) {
  const std::int64_t batch = trainer_.batch_of(step);
  StepReport report;
  try {
    report = timed([&] { return trainer_.step(step, data_of(batch)); });
  } catch (const Error& error) {
    if (trainer_.num_islands() == 1 || !error.agreed()) throw;
    failure_ = error;
    report.step = step;
    report.outcome = StepOutcome::rewind;
    report.problem = error.what();
  }
  if (!report.problem.empty()) report.sources = loader_.sources_of(batch);
  return report;
}

PlacementReport TrainerSteps::place_experts() {
  return timed([this] { return trainer_.rebalance(); });
}

void TrainerSteps::rejoin() {
  if (trainer_.num_islands() == 1) return;
  agree(trainer_.job(), [this] {
    if (failure_)
      throw Error(failure_->code(),
                  fmt::format("island {}: {}", trainer_.island(), failure_->what()));
  });
  trainer_.share_rewind();
}

// The guard decides which batch a step trains on.
StepData TrainerSteps::data_of(std::int64_t batch) {
  const Span span(trainer_.stream(), "data");
  return loader_.step(batch);
}

}  // namespace switchyard
