// How two checkpoints differ, tensor by tensor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/checkpoint/checkpoint.h"

namespace switchyard {

struct TensorDifference {
  std::string name;
  std::string unlike{};  // why the values cannot be compared; empty if they can
  std::int64_t num_values = 0, num_changed = 0;
  double max = 0.0;  // |a - b|
  double relative =
      0.0;  // norm of a - b over the norm of a; infinite if a is zero or not finite, null in JSON
};

struct CheckpointDifference {
  std::int64_t num_tensors = 0;               // of both
  std::vector<TensorDifference> differences;  // the relatively largest first, of equal ones by name
};

// Errors: Exit::data, those of reading.
CheckpointDifference difference_of(const CheckpointReader& a, const CheckpointReader& b);

// A line: "value/embedding: 12 of 4096 values, relative 1.2e-03, at most 0.004".
std::string in_words(const TensorDifference& difference);

}  // namespace switchyard
