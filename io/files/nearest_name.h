// For "did you mean": the name that was probably meant.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string_view>

namespace switchyard {

// How many letters to add, remove or replace (Levenshtein 1966).
std::size_t edit_distance(std::string_view a, std::string_view b);

// The element of `known` whose name is nearest, the first of several. Requires: `known` is not
// empty.
template <typename Range, typename NameOf = std::identity>
const auto& nearest_name(const Range& known, std::string_view name, NameOf name_of = {}) {
  return *std::ranges::min_element(known, {}, [&](const auto& element) {
    return edit_distance(std::invoke(name_of, element), name);
  });
}

}  // namespace switchyard
