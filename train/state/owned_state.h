// Which rank writes which tensor of a training state, and how it gets what others own of it.
#pragma once

#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "runtime/comm/mesh.h"
#include "runtime/params/params.h"

namespace switchyard {

// The tensors that this rank writes, whole. They are views of the parameters or of `gathered`,
// which holds moments that several ranks own parts of.
struct OwnedState {
  std::vector<NamedTensor> tensors;
  std::vector<Buffer> gathered;
};

// Collective. Every tensor of the model is written by one rank, and all write about as many bytes.
OwnedState owned_state(const Params& params, Mesh& mesh, Stream& stream);

}  // namespace switchyard
