#include "model/param_role.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "runtime/error.h"
#include "runtime/params/param_spec.h"

namespace switchyard {
namespace {

// The N of "MARKN."; -1 if the name does not begin with them.
std::int64_t number_after(std::string_view mark, std::string_view name) {
  std::int64_t number = -1;
  if (name.starts_with(mark))
    std::from_chars(name.data() + mark.size(), name.data() + name.size(), number);
  return number;
}

// pattern: without its first star, the text before which has matched.
bool matches(std::string_view pattern, std::string_view name) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  if (!name.starts_with(pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t end = star; end <= name.size(); ++end)
    if (matches(rest, name.substr(end))) return true;
  return false;
}

}  // namespace

std::int64_t layer_of_param(std::string_view name) { return number_after("layer", name); }
std::int64_t mtp_module_of_param(std::string_view name) { return number_after("mtp", name); }

ParamRole role_of_param(std::string_view name) {
  if (ExpertPart::of_name(name)) return ParamRole::experts;
  const bool in_block = layer_of_param(name) >= 0 || mtp_module_of_param(name) >= 0;
  const std::string_view part = in_block ? name.substr(name.find('.') + 1) : name;
  if (part == "embedding") return ParamRole::embedding;
  if (part == "head") return ParamRole::head;
  if (part.ends_with("norm")) return ParamRole::norms;
  if (part.starts_with("router")) return ParamRole::router;
  if (part.starts_with("shared")) return ParamRole::shared;
  if (part.starts_with("ffn.") || part.ends_with("_projection")) return ParamRole::ffn;
  require(part.starts_with("attention."), "{} has no role", name);
  return ParamRole::attention;
}

bool chooses_param(std::string_view choice, std::string_view name) {
  return name_of(role_of_param(name)) == choice || matches(choice, name);
}

Params::Choice chosen_by(std::vector<std::string> choices) {
  if (choices.empty()) return {};
  return [choices = std::move(choices)](std::string_view name) {
    return std::any_of(choices.begin(), choices.end(),
                       [&](const std::string& choice) { return chooses_param(choice, name); });
  };
}

}  // namespace switchyard
