// Which rank writes which tensor of a training state, and how it gets what others own of it.
#pragma once

#include <span>
#include <string>
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

// A tensor of the shape of a parameter, of which each replica has what it owns of the parameter.
struct OwnedPieces {
  std::string name;
  ParamId id = 0;
  Tensor mine;  // f32, flat; empty where it owns nothing
};

// Collective. Adds each tensor to the state of one rank, as owned_state() does. tensors: the same
// ones on all replicas of a parameter.
void add_owned_pieces(const Params& params, const std::vector<OwnedPieces>& tensors, Mesh& mesh,
                      Stream& stream, OwnedState& state);

// The tensors become those of an island, but for what all islands have alike, which the first one
// keeps.
void name_by_island(const Params& params, int island, OwnedState& state);

}  // namespace switchyard
