// Gradients after the backward passes of a step: summed over the ranks that hold copies, and
// measured.
#pragma once

#include "runtime/mesh.h"
#include "runtime/params.h"

namespace switchyard {

// Collective. Dense gradients over world, expert gradients over replicas. Both are plain sums: the
// loss was divided by the whole step's tokens, and an expert's gradient already holds every token
// of its expert group.
void reduce_gradients(Params& params, Mesh& mesh, Stream& stream);

// Collective. The norm of the whole model's gradient, each parameter counted once; the same bits on
// any layout in exact mode. NaN if a gradient is not finite.
double gradient_norm(const Params& params, Mesh& mesh, Stream& stream);

}  // namespace switchyard
