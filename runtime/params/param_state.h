// ParamState: what the owner of a trained parameter keeps of it from step to step, for the
// optimizer.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "runtime/params/param_spec.h"

namespace switchyard {

enum class StatePart : std::uint8_t { first_moment, second_moment, projection };
inline constexpr std::array all_state_parts = {StatePart::first_moment, StatePart::second_moment,
                                               StatePart::projection};

struct ParamState {
  // By StatePart; without dims: nothing is kept.
  std::array<Shape, all_state_parts.size()> parts{};
  // One replica owns all of the parameter, for an optimizer that needs the matrix at once.
  // Otherwise the parameter's blocks are owned one by one, and parts have its shape.
  bool whole = false;
  bool packed =
      false;          // the values are int8 codes with a scale for each row; only whole parameters
  double cost = 0.0;  // of the update of a whole parameter; replicas get equal sums of it

  const Shape& of(StatePart part) const { return parts[static_cast<std::size_t>(part)]; }
};

// Of a part of experts, the same for all experts of a layer.
using ParamStateRule = std::function<ParamState(const ParamSpec&)>;

// The two moments of AdamW.
inline ParamState adamw_state(const ParamSpec& spec) { return {.parts = {spec.shape, spec.shape}}; }

}  // namespace switchyard
