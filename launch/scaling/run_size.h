// The size of a run as scaling laws take it, counted by plan's functions.
#pragma once

#include <cstdint>

#include "launch/config/config.h"
#include "launch/plan/run_shape.h"
#include "launch/scaling/model_size.h"

namespace switchyard::scaling {

struct RunSize {
  ModelSize model;
  plan::RunShape shape;
  double flops = 0.0;  // of the whole run
};

// steps: of the run, all of them or those so far. vocabulary: 0: that of data.dataset, else
// model.vocabulary. Errors: Exit::usage if neither is there, or as plan::run_shape; Exit::data for
// a damaged dataset.
RunSize run_size(const Config& config, std::int64_t steps, std::int64_t vocabulary, int num_ranks,
                 int ranks_per_node);

}  // namespace switchyard::scaling
