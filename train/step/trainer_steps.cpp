#include "train/step/trainer_steps.h"

#include <chrono>

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
  StepReport report = timed([&] { return trainer_.step(step, data_of(batch)); });
  if (!report.problem.empty()) report.sources = loader_.sources_of(batch);
  return report;
}

PlacementReport TrainerSteps::place_experts() {
  return timed([this] { return trainer_.rebalance(); });
}

// The guard decides which batch a step trains on.
StepData TrainerSteps::data_of(std::int64_t batch) {
  const Span span(trainer_.stream(), "data");
  return loader_.step(batch);
}

}  // namespace switchyard
