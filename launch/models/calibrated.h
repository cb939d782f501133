// Weights compressed with calibration: a walk through the model sees what each layer's weights
// multiply, and every layer sees what the compressed layers before it compute.
#pragma once

#include <functional>

#include "launch/models/compression.h"
#include "runtime/comm/comm.h"

namespace switchyard::models {

// Collective. Computes the tensors of the plans without parts, which are those that `compression`
// makes of `model`, and gives them to the sink. Each rank has the values of the model in memory,
// its share of the experts, and for GPTQ and SparseGPT X^T X of a layer. The rows are the first
// that a training with this seed would take of the dataset's split "train". A matrix that fewer
// rows reached than it has columns, of an expert that few tokens chose, is compressed as if all
// inputs were alike; returns how many. Errors, agreed: Exit::data for a dataset with another
// tokenizer or without text.
int compress_calibrated(const Compression& compression, std::uint64_t seed,
                        const std::vector<TensorPlan>& plans, const CheckpointReader& model,
                        TensorSink& sink, Comm& world,
                        const std::function<void(std::int64_t, std::int64_t)>& progress);

}  // namespace switchyard::models
