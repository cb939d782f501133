// Gradients after the backward passes of a step: summed over the replicas, and measured.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/comm/mesh.h"
#include "runtime/params/params.h"

namespace switchyard {

// Collective. Sums the trained regions' gradients over their replicas, dense ones over world,
// experts over mesh.replicas: each owner of a block (runtime/params/param_region.h) gets the sum;
// what other ranks hold of the block is then undefined. Both are plain sums: the loss was divided
// by the whole step's tokens, and an expert's gradient already holds every token of its expert
// group.
void reduce_gradients(Params& params, Mesh& mesh, Stream& stream);

// Collective. The norm of the whole model's reduced gradient, each block counted by its owner; the
// same bits on any layout in exact mode. NaN if a gradient is not finite.
double gradient_norm(const Params& params, Mesh& mesh, Stream& stream);

// Collective. A hash of the bits of the whole gradient after reduce_gradients, and of `counts`,
// which all ranks hold. Another layout has another hash of the same gradient.
std::int64_t gradient_hash(const Params& params, std::span<const std::int64_t> counts, Mesh& mesh,
                           Stream& stream);

}  // namespace switchyard
