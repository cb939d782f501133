// Tally: counts of what happened to documents, as JSON trees that add up over tasks and ranks.
#pragma once

#include <cstddef>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "io/files/hash.h"

namespace switchyard::prepare {

inline constexpr std::size_t num_examples = 3;

// Adds `more` to `sum`: objects key by key, numbers and lists of numbers by addition; of lists of
// examples the first few by hash stay. So any order of adding gives the same tree.
void add_tally(nlohmann::json& sum, const nlohmann::json& more);

// tally[what] += amount, from 0.
void count_up(nlohmann::json& tally, const char* what, std::int64_t amount = 1);

// Puts an example (an object) into tally["examples"], unless enough come before it.
void add_example(nlohmann::json& tally, const ContentHash& hash, nlohmann::json example);

}  // namespace switchyard::prepare
