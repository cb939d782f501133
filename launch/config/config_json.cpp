#include "launch/config/config_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <type_traits>

#include "launch/config/config_table.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

template <class Value>
Json json_value(const Value& value) {
  return value;
}
// In the shortest form that reads back as the same float.
Json json_value(const float& value) { return Json::parse(fmt::format("{}", value)); }
Json json_value(const DataPhases& phases) {
  Json object = Json::object();
  for (const auto& [name, phase] : phases)
    object[name] = {{"from", phase.from}, {"weights", phase.weights}};
  return object;
}

Json value_of(const ConfigKey& key) {
  return std::visit(
      [](const auto& target) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(target)>, NamedValue>) {
          const std::string name(target.name());
          if (name == "true" || name == "false") return name == "true";
          return name;
        } else {
          return json_value(*target);
        }
      },
      key.target);
}

const char* type_of(const Json& value) {
  if (value.is_boolean()) return "boolean";
  if (value.is_number_float()) return "number";
  if (value.is_number()) return "integer";
  if (value.is_array()) return "list";
  return value.is_object() ? "table" : "text";
}

Json choices_of(const ConfigKey& key) {
  const auto* named = std::get_if<NamedValue>(&key.target);
  if (named == nullptr) return nullptr;
  Json names = Json::array();
  for (const std::string_view name : named->names()) names.push_back(std::string(name));
  return names;
}

}  // namespace

std::string config_json(const Config& config) {
  Config values = config, defaults;
  const std::vector<ConfigKey> keys = config_keys(values), fresh = config_keys(defaults);
  Json list = Json::array();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const ConfigKey& key = keys[i];
    const Json value = value_of(key);
    const auto* range = std::get_if<Range>(&key.allowed);
    list.push_back({{"name", std::string(key.name)},
                    {"type", type_of(value)},
                    {"value", value},
                    {"default", value_of(fresh[i])},
                    {"choices", choices_of(key)},
                    {"low", range != nullptr ? Json(range->low) : Json()},
                    {"high", range != nullptr ? Json(range->high) : Json()},
                    {"fixed", key.resume == Resume::fixed},
                    {"doc", std::string(key.doc)}});
  }
  return Json{{"keys", list}}.dump(1);
}

}  // namespace switchyard
