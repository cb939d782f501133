// Migration: experts move to other ranks between two steps, with their values and moments.
#pragma once

#include "experts/placement.h"
#include "model/blocks/moe_layer.h"
#include "runtime/comm/mesh.h"

namespace switchyard {

// Collective over all expert groups, which all pass the same placement. Moves the layer's experts
// to where `next` places them: values and the optimizer's state arrive bit by bit; gradients are
// not moved. `next` has as many slots on each rank as the layer's placement. Returns the number of
// slots that got another expert.
int migrate_experts(Params& params, MoeLayer& layer, const Placement& next, Mesh& mesh,
                    Stream& stream);

}  // namespace switchyard
