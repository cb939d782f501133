// What was wrong with the input, in words for a person.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace switchyard::prepare {

// A sentence for each kind of `problems` (Problems::json()): how many documents or files, what
// became of them, in which files, and what to do. What was left out comes first. Each is one line,
// harmless on a terminal.
std::vector<std::string> problems_in_words(const nlohmann::json& problems);

}  // namespace switchyard::prepare
