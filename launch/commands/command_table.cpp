#include "launch/commands/command_table.h"

namespace switchyard {
namespace {

OptionRow option_row(const CLI::Option& option) {
  OptionRow row;
  row.doc = option.get_description();
  if (!option.get_lnames().empty()) {
    row.name = "--" + option.get_lnames().front();
  } else if (!option.get_snames().empty()) {
    row.name = "-" + option.get_snames().front();
  } else {
    row.name = option.get_name();
    return row;
  }
  if (option.get_items_expected_max() == 0) return row;
  row.value = option.get_type_name();
  row.value = row.value.substr(0, row.value.find(':'));  // without the names of CLI11's checks
  if (row.value.empty()) row.value = "VALUE";
  return row;
}

void collect(const CommandRow& table, std::vector<const CommandRow*>& all) {
  all.push_back(&table);
  for (const CommandRow& command : table.commands) collect(command, all);
}

}  // namespace

CommandRow command_table(const CLI::App& app, const std::string& parent) {
  CommandRow row;
  row.name = app.get_name();
  row.path = parent.empty() ? row.name : parent + " " + row.name;
  row.doc = app.get_description();
  row.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) row.options.push_back(option_row(*option));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    row.commands.push_back(command_table(*command, row.path));
  return row;
}

std::vector<const CommandRow*> all_commands(const CommandRow& table) {
  std::vector<const CommandRow*> all;
  collect(table, all);
  return all;
}

}  // namespace switchyard
