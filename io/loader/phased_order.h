// PhasedOrder: the order of a run whose weights of sources change in the course of the run.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "io/loader/sample_order.h"
#include "io/loader/step_samples.h"

namespace switchyard {

// From a step on, other weights: those of sources that it does not name stay as they are without
// phases (data.weights).
struct DataPhase {
  std::int64_t from = 0;  // step; at least 1
  SourceWeights weights{};
};
using DataPhases = std::map<std::string, DataPhase>;  // by name

// Errors: Exit::usage for a phase that begins before step 1, and for two that begin at one step.
void check_phase_steps(const DataPhases& phases);

// The row of every sample of every step, as a function of (rows, weights, seed, step). A phase has
// its own order, which begins with its first step.
class PhasedOrder {
 public:
  // sources, rows: names and numbers of rows in the order of their ids. Errors: Exit::usage, those
  // of weights_of, SampleOrder and check_phase_steps.
  PhasedOrder(const std::vector<std::string>& sources, const std::vector<std::int64_t>& rows,
              const SourceWeights& weights, const DataPhases& phases, std::uint64_t seed,
              StepSamples samples);

  std::int64_t batch_size(std::int64_t step) const { return samples_.batch_size(step); }
  // slot: of the step, less than batch_size(step).
  std::int64_t row(std::int64_t step, std::int64_t slot) const;

  struct Part {
    std::string name;  // of the phase; empty before the first one
    std::int64_t first_step;
    std::int64_t first_sample;
    std::vector<double> weights;  // of the sources
    SampleOrder order;
  };
  const std::vector<Part>& parts() const { return parts_; }
  const StepSamples& samples() const { return samples_; }

 private:
  const Part& part_at(std::int64_t step) const;

  StepSamples samples_;
  std::vector<Part> parts_;  // ascending; the first one begins at step 0
};

}  // namespace switchyard
