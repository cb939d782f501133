// Loading: from a checkpoint into a model, on any layout.
#pragma once

#include <string>

#include "io/checkpoint/checkpoint.h"
#include "model/transformer/transformer.h"

namespace switchyard {

// Not collective. Reads the values that this rank hosts and the biases of the gates: all that a
// model folder holds. drawn: parameters that have their values already. Modules of multi-token
// prediction that the model lacks are left out. Errors: Exit::data for a missing, surplus or
// misshapen tensor.
void load_values(const CheckpointReader& checkpoint, Transformer& model,
                 const Params::Choice& drawn = {}, const std::string& of_island = "");

// As load_values, with the gates' counts and the moments of what this rank owns.
// of_island: the island_prefix() of what to read, if it is not all in one.
void load_training_state(const CheckpointReader& checkpoint, Transformer& model,
                         const std::string& of_island = "");

// Reads what a rank owns of a parameter. owned: f32, flat, of `mine`'s size.
void read_owned(const CheckpointReader& checkpoint, const std::string& name, const Shape& shape,
                ElementRange mine, Tensor owned);

// How many modules of multi-token prediction the checkpoint holds.
std::int64_t num_mtp_modules(const CheckpointReader& checkpoint);

}  // namespace switchyard
