// Loading: from a checkpoint into a model, on any layout.
#pragma once

#include "io/checkpoint/checkpoint.h"
#include "model/transformer/transformer.h"

namespace switchyard {

// Not collective. Reads the values that this rank hosts and the biases of the gates: all that a
// model folder holds. drawn: parameters that have their values already. Modules of multi-token
// prediction that the model lacks are left out. Errors: Exit::data for a missing, surplus or
// misshapen tensor.
void load_values(const CheckpointReader& checkpoint, Transformer& model,
                 const Params::Choice& drawn = {});

// As load_values, with the gates' counts and the moments of what this rank owns.
void load_training_state(const CheckpointReader& checkpoint, Transformer& model);

// How many modules of multi-token prediction the checkpoint holds.
std::int64_t num_mtp_modules(const CheckpointReader& checkpoint);

}  // namespace switchyard
