// Weights compressed with calibration: a walk through the model sees what each layer's weights
// multiply, and every layer sees what the compressed layers before it compute.
#pragma once

#include <functional>

#include "io/transform/engine.h"
#include "launch/models/recipe.h"
#include "runtime/comm/comm.h"

namespace switchyard::models {

// Collective. Computes the tensors of the plans without parts, which are those that the recipe's
// compression makes of `model`, and gives them to the sink. Each rank has the values of the model
// in memory, its share of the experts, and for GPTQ and SparseGPT X^T X of a layer. A matrix that
// fewer rows reached than it has columns, of an expert that few tokens chose, is compressed as if
// all inputs were alike; returns how many. Errors: agreed; those of Calibration.
int compress_calibrated(const Recipe& recipe, const std::vector<TensorPlan>& plans,
                        const CheckpointReader& model, TensorSink& sink, Comm& world,
                        const std::function<void(std::int64_t, std::int64_t)>& progress);

}  // namespace switchyard::models
