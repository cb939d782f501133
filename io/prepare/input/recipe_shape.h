// The shape of a recipe: what is checked before toml++ sees it.
#pragma once

#include <string>
#include <string_view>

namespace switchyard::prepare {

// A recipe needs little of TOML: [[source]] headers, bare keys, values and lists of values, strings
// of one line. For the rest toml++ 3.3 is not fit for text that nobody vouches for: some headers
// without a key run into what it takes to be unreachable, and it makes a table for each part of
// a.b.c, which it destroys by recursion. `name` is for messages.
// Errors: Exit::usage naming the line.
void check_recipe_shape(std::string_view text, const std::string& name);

}  // namespace switchyard::prepare
