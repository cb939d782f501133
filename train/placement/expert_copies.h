// The copies of one expert learn as one: its owner adds their gradients and sends them the sum.
#pragma once

#include "model/transformer/transformer.h"
#include "runtime/comm/mesh.h"

namespace switchyard {

// Collective over the expert group. Afterwards every copy of an expert holds the gradient of all
// rows that went to any copy: in exact mode a sum of integers, so that it does not matter which
// rows went where. Sends nothing if no expert has two copies.
void sum_copies(Transformer& model, Mesh& mesh, Stream& stream);

}  // namespace switchyard
