// StepSamples: which samples of a run a step takes, where the batch grows in the course of the run.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace switchyard {

// From which step on a step has how many sequences: {step, sequences}, the steps ascending from 0.
// Empty: all steps have the same.
using BatchRamp = std::vector<std::array<std::int64_t, 2>>;

class StepSamples {
 public:
  // Errors: Exit::usage if the ramp does not begin at step 0, its steps do not ascend, a size is
  // not a multiple of micro_batch_size, or the last size is not batch_size, which is the largest.
  StepSamples(BatchRamp ramp, std::int64_t batch_size, std::int64_t micro_batch_size);

  std::int64_t batch_size(std::int64_t step) const;    // sequences
  std::int64_t first_sample(std::int64_t step) const;  // the samples of all steps before it

 private:
  BatchRamp ramp_;  // at least one entry
};

}  // namespace switchyard
