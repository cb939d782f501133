// The command line as a table, read from CLI11's: what the man page and the shells' completions are
// made of.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace switchyard {

struct OptionRow {
  std::string name;   // "--set", or "CONFIG" for an argument without a name
  std::string value;  // "KEY=VALUE"; empty: a flag, or an argument without a name
  std::string doc;
  bool named() const { return name.starts_with('-'); }
};

struct CommandRow {
  std::string path;  // "switchyard checkpoint list"
  std::string name;  // "list"
  std::string doc, footer;
  std::vector<OptionRow> options;
  std::vector<CommandRow> commands;
};

CommandRow command_table(const CLI::App& app, const std::string& parent = "");

// All commands of the table, each before those below it.
std::vector<const CommandRow*> all_commands(const CommandRow& table);

std::string man_page(const CommandRow& table);  // roff, for man(1)
// Scripts for the shells. keys: those that --set offers.
std::string bash_completion(const CommandRow& table, const std::vector<std::string>& keys);
std::string zsh_completion(const CommandRow& table, const std::vector<std::string>& keys);

}  // namespace switchyard
