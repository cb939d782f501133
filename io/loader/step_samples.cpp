#include "io/loader/step_samples.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "runtime/error.h"

namespace switchyard {

StepSamples::StepSamples(BatchRamp ramp, std::int64_t batch_size, std::int64_t micro_batch_size)
    : ramp_(std::move(ramp)) {
  if (ramp_.empty()) ramp_ = {{0, batch_size}};
  require(ramp_.front()[0] == 0, Exit::usage,
          "train.batch_ramp begins at step {}: its first entry must be [0, SEQUENCES]",
          ramp_.front()[0]);
  std::int64_t before = -1;
  for (const auto& [step, size] : ramp_) {
    require(step > before, Exit::usage,
            "train.batch_ramp names step {} after step {}: list the steps in ascending order", step,
            before);
    require(size >= micro_batch_size && size % micro_batch_size == 0, Exit::usage,
            "train.batch_ramp has {} sequences from step {} on, which do not divide into "
            "micro-batches of {}",
            size, step, micro_batch_size);
    require(
        size <= batch_size, Exit::usage,
        "train.batch_ramp has {} sequences from step {} on, more than train.global_batch_size = "
        "{}, which must be the largest",
        size, step, batch_size);
    before = step;
  }
  require(
      ramp_.back()[1] == batch_size, Exit::usage,
      "train.batch_ramp ends with {} sequences, and train.global_batch_size = {}: the ramp must "
      "end there",
      ramp_.back()[1], batch_size);
}

std::int64_t StepSamples::batch_size(std::int64_t step) const {
  const auto next =
      std::find_if(ramp_.begin(), ramp_.end(), [&](const auto& entry) { return entry[0] > step; });
  return (*std::prev(next))[1];
}

std::int64_t StepSamples::first_sample(std::int64_t step) const {
  std::int64_t samples = 0;
  for (std::size_t i = 0; i < ramp_.size() && ramp_[i][0] < step; ++i) {
    const std::int64_t end = i + 1 < ramp_.size() ? std::min(step, ramp_[i + 1][0]) : step;
    samples += (end - ramp_[i][0]) * ramp_[i][1];
  }
  return samples;
}

}  // namespace switchyard
