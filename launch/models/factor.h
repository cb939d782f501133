// Models whose matrices are factored, or multiplied out: method = "low_rank" and method = "fold".
#pragma once

#include "launch/models/merge.h"
#include "launch/models/mix.h"

namespace switchyard::models {

// The matrices of feed-forward networks as products of two of a lower rank, the nearest ones
// (runtime/factors.h). Errors: Exit::usage if the model has low-rank layers or adapters already, or
// the rank does not fit its widths.
Grown low_rank_plans(const Recipe& recipe, const CheckpointReader& model);

// The dense model that computes the same: W + alpha / rank B A for each adapter, U V for each
// low-rank layer, summed in f64 and rounded once. Guides are left out. Errors: Exit::usage if there
// is nothing to fold.
Grown fold_plans(const Recipe& recipe, const CheckpointReader& model);

}  // namespace switchyard::models
