// What the filters share: the text of a broken rule, and the maker of each filter.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "io/prepare/filters/filters.h"

namespace switchyard::prepare {

// "" if the rule holds; else such as "mean word length 2.1 < 3".
inline std::string at_least(double threshold, std::string_view rule, double value) {
  return value >= threshold ? "" : fmt::format("{} {:.4g} < {}", rule, value, threshold);
}

inline std::string at_most(double threshold, std::string_view rule, double value) {
  return value <= threshold ? "" : fmt::format("{} {:.4g} > {}", rule, value, threshold);
}

// The first of some rules that does not hold; "" if all do.
inline std::string first_broken(std::initializer_list<std::string> rules) {
  const auto broken = std::find_if(rules.begin(), rules.end(), [](auto& r) { return !r.empty(); });
  return broken == rules.end() ? "" : *broken;
}

// 0 of 0 is 0.
inline double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::unique_ptr<Filter> make_gopher_quality();
std::unique_ptr<Filter> make_gopher_repetition();
std::unique_ptr<Filter> make_c4();
std::unique_ptr<Filter> make_c4_no_punctuation();
std::unique_ptr<Filter> make_fineweb();

}  // namespace switchyard::prepare
