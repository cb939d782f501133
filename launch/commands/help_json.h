// The command line for machines: every command with its options, as JSON.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace switchyard {

// {name, version, commands: [{name, path, doc, help, options: [{name, names, argument, value,
// allowed, default, required, repeatable, doc}], commands: [...]}]}: what --help shows.
std::string help_json(const CLI::App& program);

}  // namespace switchyard
