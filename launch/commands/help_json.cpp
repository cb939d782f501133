#include "launch/commands/help_json.h"

#include <nlohmann/json.hpp>

#include "launch/host/version.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

Json all_names(const CLI::Option& option) {
  Json names = Json::array();
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  if (names.empty()) names.push_back(option.get_name());
  return names;
}

// CLI11 joins the name of a type and what its checks allow: "TEXT:{bash,zsh}".
void add_value(const CLI::Option& option, Json& row) {
  const std::string type = option.get_type_name();
  const std::size_t colon = type.find(':');
  row["value"] = option.get_items_expected_max() == 0 ? Json() : Json(type.substr(0, colon));
  row["allowed"] = colon == std::string::npos ? Json() : Json(type.substr(colon + 1));
  row["default"] = option.get_default_str().empty() ? Json() : Json(option.get_default_str());
}

Json option_of(const CLI::Option& option) {
  const Json names = all_names(option);
  Json row = {{"name", names.front()}, {"names", names}, {"argument", option.get_positional()}};
  add_value(option, row);
  row["required"] = option.get_required();
  row["repeatable"] = option.get_items_expected_max() > 1;
  row["doc"] = option.get_description();
  return row;
}

Json command_of(const CLI::App& app, const std::string& above) {
  const std::string path = above.empty() ? app.get_name() : above + " " + app.get_name();
  Json row = {{"name", app.get_name()},       {"path", path},
              {"doc", app.get_description()}, {"help", app.get_footer()},
              {"options", Json::array()},     {"commands", Json::array()}};
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) row["options"].push_back(option_of(*option));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    row["commands"].push_back(command_of(*command, path));
  return row;
}

}  // namespace

std::string help_json(const CLI::App& program) {
  Json json = command_of(program, "");
  json["version"] = version_number();
  return json.dump(1);
}

}  // namespace switchyard
