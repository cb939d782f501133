#include "train/state/state_names.h"

#include <utility>

#include "model/param_role.h"

namespace switchyard {

StatePart part_of(StateKind kind) {
  require(kind != StateKind::value, "a value is no part of the optimizer's state");
  return static_cast<StatePart>(static_cast<int>(kind) - 1);
}

bool has_kind(const Params& params, ParamId id, StateKind kind) {
  if (kind == StateKind::value) return true;
  return params.trained(id) && params.state_of(id).of(part_of(kind)).size() > 0;
}

Shape shape_of(const Params& params, ParamId id, StateKind kind) {
  return kind == StateKind::value ? params.spec(id).shape : params.state_of(id).of(part_of(kind));
}

std::string state_name(StateKind kind, const std::string& param) {
  constexpr const char* folders[] = {"value/", "first_moment/", "second_moment/", "projection/"};
  return folders[static_cast<std::size_t>(kind)] + param;
}

GateState gate_state_of(const std::string& name) {
  return name.ends_with(".bias") ? GateState::bias : GateState::counts;
}

std::string gate_state_name(const std::string& name) { return "gate/" + name; }

std::string island_prefix(int island) { return "island" + std::to_string(island) + "/"; }

std::string velocity_name(const std::string& param) { return "outer_momentum/" + param; }

bool is_of_islands(std::string_view name) {
  return name.starts_with("outer_momentum/") || name.starts_with("island");
}

std::int64_t mtp_module_of_state(const std::string& name) {
  return mtp_module_of_param(std::string_view(name).substr(name.find('/') + 1));
}

std::set<std::string> all_state_names(Transformer& model) {
  std::set<std::string> names;
  const auto add = [&](const std::string& param) {
    for (const StateKind kind : all_state_kinds) names.insert(state_name(kind, param));
  };
  std::set<std::pair<std::string, std::string>> parts;  // of layers' experts
  for (const Param& param : model.params().all()) {
    if (!param.spec.expert) {
      add(param.spec.name);
    } else if (const auto& [layer, expert, part] = *param.spec.expert;
               parts.emplace(layer, part).second) {
      for (int other = 0; other < model.config().num_experts; ++other)
        add(ExpertPart{layer, other, part}.name());
    }
  }
  for (const auto& [name, tensor] : model.gate_state()) names.insert(gate_state_name(name));
  return names;
}

}  // namespace switchyard
