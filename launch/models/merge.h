// From a merge recipe to tensor plans.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/transform/engine.h"
#include "launch/models/match_experts.h"
#include "launch/models/recipe.h"

namespace switchyard::models {

// What the names of a parameter's values begin with.
inline constexpr std::string_view value_prefix = "value/";

// Errors: Exit::data naming the first difference between the models: a key of their configs, a
// tokenizer, a tensor that one lacks, or a shape.
void require_alike(ModelSources sources);

// The names of a model's own tensors, sorted: values, and biases of gates. Models that are made of
// models have no modules of multi-token prediction.
std::vector<std::string> model_names(const CheckpointReader& model);

// A plan for each tensor of the models. The biases of gates are averaged, by the inputs' weights,
// and stay f32. sources: those of recipe.sources(), alike. orders: of the sources' experts; empty:
// as they are. Errors: Exit::usage for an override that matches no parameter.
std::vector<TensorPlan> merge_plans(const Recipe& recipe, ModelSources sources,
                                    std::span<const ExpertOrder> orders);

}  // namespace switchyard::models
