// More experts for a trained mixture of experts, with the function kept.
#pragma once

#include "io/transform/engine.h"
#include "launch/config/config.h"
#include "launch/models/recipe.h"

namespace switchyard::models {

struct Grown {
  Config config;
  std::vector<TensorPlan> plans;
};

// Each expert becomes recipe.times neighbours with equal rows in the router and equal biases:
// shards of its inner width, or copies. A token that chose an expert chooses all of them, since
// top_k grows alike, and router.scale makes up for the share of the weight that each then has.
// Errors: Exit::usage if the model has no experts, a width that does not divide, or a gate under
// which that is not so.
Grown grow_plans(const Recipe& recipe, const CheckpointReader& model);

}  // namespace switchyard::models
