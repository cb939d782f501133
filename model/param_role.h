// ParamRole: what a parameter is for, as its name says it; and how a user names some of the
// parameters.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/names.h"
#include "runtime/params/params.h"

namespace switchyard {

// head: the table of logits, unless it is tied to the embedding. shared: shared experts. ffn: those
// of dense layers, and the projections of modules of multi-token prediction. norms: all of them,
// those of queries and keys included.
enum class ParamRole : std::uint8_t {
  embedding,
  head,
  router,
  experts,
  shared,
  ffn,
  attention,
  norms
};
template <>
inline constexpr std::array<std::string_view, 8> names_of<ParamRole> = {
    "embedding", "head", "router", "experts", "shared", "ffn", "attention", "norms"};

// Errors: Exit::internal for a name that is no parameter's.
ParamRole role_of_param(std::string_view name);
// The N of "layerN."; -1 for a parameter outside the layers.
std::int64_t layer_of_param(std::string_view name);
// The N of "mtpN.", a module of multi-token prediction; -1 for all else.
std::int64_t mtp_module_of_param(std::string_view name);

// Whether `choice` means the parameter: it is the name of its role, or a pattern of names, in which
// * matches any text ("layer0.*", "*.router").
bool chooses_param(std::string_view choice, std::string_view name);
// Whether one of the choices means a parameter; empty if there are none.
Params::Choice chosen_by(std::vector<std::string> choices);

}  // namespace switchyard
