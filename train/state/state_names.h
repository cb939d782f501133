// The names of a training state's tensors in a checkpoint.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "model/transformer/transformer.h"
#include "runtime/params/params.h"

namespace switchyard {

// What a training state holds of a parameter: the value, and the parts of a ParamState.
enum class StateKind : std::uint8_t { value, first_moment, second_moment, projection };
inline constexpr std::array all_state_kinds = {StateKind::value, StateKind::first_moment,
                                               StateKind::second_moment, StateKind::projection};
// Requires: kind is not the value.
StatePart part_of(StateKind kind);

// Whether the state holds the kind of this parameter: what its optimizer keeps if it is trained,
// else the value alone.
bool has_kind(const Params& params, ParamId id, StateKind kind);
Shape shape_of(const Params& params, ParamId id, StateKind kind);

std::string state_name(StateKind kind, const std::string& param);  // "value/layer3.expert17.up"
// What a gate keeps from step to step: the bias that balances its experts, which belongs to the
// model, or the counts of the step before, which only training needs.
enum class GateState : std::uint8_t { bias, counts };
GateState gate_state_of(const std::string& name);  // either name of it

std::string gate_state_name(const std::string& name);  // "gate/layer3.bias"

// What an island keeps for itself begins with this: "island2/first_moment/embedding". Without it,
// the names are those of what all islands agree on.
std::string island_prefix(int island);
// Of outer optimizer steps (train/islands): "outer_momentum/layer3.expert17.up".
std::string velocity_name(const std::string& param);
// Whether a name is of one of these two kinds: of training on islands, and of no use to a model.
bool is_of_islands(std::string_view name);
// The module of multi-token prediction that a tensor of a state belongs to, from 0; -1 for all
// else.
std::int64_t mtp_module_of_state(const std::string& name);

// Every name that a checkpoint of the model may hold, the experts of other ranks included.
std::set<std::string> all_state_names(Transformer& model);

}  // namespace switchyard
