// What one micro-batch adds to the sums of its step.
#pragma once

#include "model/blocks/moe_layer.h"
#include "model/transformer/transformer.h"

namespace switchyard {

// Adds the loss to one of the losses of `sums`, or counts it as broken if no sum can hold it.
void add_loss(const FixedPoint& format, double loss, std::int64_t& sum, StepSums& sums);

// Adds the choices of MoE layer number `moe_layer`: how many tokens wanted each expert, and how
// many choices were dropped.
void add_choices(const Routing& routing, std::size_t moe_layer, StepSums& sums);

}  // namespace switchyard
