// Which rank writes which tensor of a training state, and how it gets what others own of it.
#pragma once

#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "runtime/comm/mesh.h"
#include "runtime/params/params.h"

namespace switchyard {

// What a training state holds of every parameter.
enum class StateKind : std::uint8_t { value, first_moment, second_moment };
inline constexpr StateKind state_kinds[] = {StateKind::value, StateKind::first_moment,
                                            StateKind::second_moment};
std::string state_name(StateKind kind, const std::string& param);  // "value/layer3.expert17.up"

// The tensors this rank writes, whole. Views of the parameters, or of `gathered`: moments that
// several ranks own parts of.
struct OwnedState {
  std::vector<NamedTensor> tensors;
  std::vector<Buffer> gathered;
};

// Collective. Every tensor of the model is written by one rank, and all write about as many bytes.
OwnedState owned_state(const Params& params, Mesh& mesh, Stream& stream);

}  // namespace switchyard
