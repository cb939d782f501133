// What to say about a command line that is wrong.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace switchyard {

// "there is no command trian; did you mean train?"
std::string no_command(const CLI::App& app, const std::string& word);

// One line for an error of CLI11, with what was probably meant. arguments: without the program.
std::string usage_message(const CLI::App& program, const CLI::ParseError& error,
                          const std::vector<std::string>& arguments);

}  // namespace switchyard
