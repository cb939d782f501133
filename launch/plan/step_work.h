// The work of the busiest rank in one step, by the parts that a trace measures
// (runtime/device/trace.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "launch/plan/run_shape.h"

namespace switchyard::plan {

enum class WorkUnit : std::uint8_t {
  flops,   // of matrix products; a multiply-add counts two
  bytes,   // read and written in this rank's memory
  sent,    // bytes that this rank sends to other ranks
  choices  // (token, choice) pairs
};

struct PartWork {
  std::string part;
  WorkUnit unit;
  double amount = 0.0;
};

std::vector<PartWork> step_work(const RunShape& shape);

// FLOPs of training on one token, over all ranks: forward, backward and recomputation.
double training_flops_per_token(const RunShape& shape);

// Bytes that this rank sends to others in a step.
struct Traffic {
  double rows = 0.0;       // of tokens on the way to experts and back
  double copies = 0.0;     // gradients of replicas of experts within an expert group
  double gradients = 0.0;  // reduced to their owners
  double values = 0.0;     // gathered from their owners
};
Traffic step_traffic(const RunShape& shape);

}  // namespace switchyard::plan
