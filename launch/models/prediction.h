// How long making a model takes, from what this machine does with a sample of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "io/transform/engine.h"
#include "runtime/comm/comm.h"

namespace switchyard::models {

struct Prediction {
  std::vector<double> seconds;           // of each rank
  double read_rate = 0, write_rate = 0;  // bytes a second of the slowest rank
  std::int64_t sample_bytes = 0;         // that a rank read to measure, at most
};

// Collective: all ranks measure at the same time. Each reads, hashes and computes the beginning of
// its largest tensor, as often as its plan does, and writes and syncs a file next to `folder`
// (empty: in the working directory), which it removes. Errors: agreed; Exit::data for damaged
// sources, Exit::storage.
Prediction predict(const std::vector<TensorPlan>& plans, ModelSources sources,
                   const std::filesystem::path& folder, const TransformCost& cost, Comm& world);

}  // namespace switchyard::models
