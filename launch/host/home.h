// Paths with ~, as people type them where no shell expands it.
#pragma once

#include <optional>
#include <string>

namespace switchyard {

// The path with the home directory instead of a ~ at its beginning. Nothing: there is no home
// directory, or ~NAME is another person's, which only a shell finds.
std::optional<std::string> expanded_home(const std::string& path);

// Does the same for the value of each --option=~/value. The values of --set, which have types, and
// of --prompt stay as they are.
void expand_home_in_options(int argc, char** argv);

}  // namespace switchyard
