// Runs tensor plans: each tensor whole on one rank, in units of about 1 MiB of an input, so that
// memory depends on the number of inputs and not on the models, and bits depend on neither the
// ranks nor the units.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "io/model_folder/tensor_sink.h"
#include "io/transform/tensor_plan.h"
#include "runtime/comm/comm.h"

namespace switchyard {

using ModelSources = std::span<const CheckpointReader* const>;

std::vector<ModelTensor> tensors_of(const std::vector<TensorPlan>& plans);

// What making a model takes of each rank.
struct TransformCost {
  std::vector<std::int64_t> read, written;  // bytes of each rank, over all passes
  int passes = 1;                           // over the tensors that are read most often
};
TransformCost cost_of(const std::vector<TensorPlan>& plans, ModelSources sources, int num_ranks);

// Collective. Makes what the sink wants of this rank. progress(done, total): elements of this rank,
// now and then. Errors: agreed; Exit::data for damaged sources, those of the sink.
void run_plans(const std::vector<TensorPlan>& plans, ModelSources sources, TensorSink& sink,
               Comm& world, const std::function<void(std::int64_t, std::int64_t)>& progress = {});

}  // namespace switchyard
