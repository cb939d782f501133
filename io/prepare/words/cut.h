// Cut: a piece of a document's text that goes.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <vector>

namespace switchyard::prepare {

// Bytes [begin, end) of a document's text as it was compared.
struct Cut {
  std::uint32_t begin = 0, end = 0;

  auto operator<=>(const Cut&) const = default;
};

// In ascending order, those that overlap or touch made one.
inline std::vector<Cut> united(std::vector<Cut> cuts) {
  std::sort(cuts.begin(), cuts.end());
  std::vector<Cut> result;
  for (const Cut& cut : cuts) {
    if (!result.empty() && cut.begin <= result.back().end) {
      result.back().end = std::max(result.back().end, cut.end);
    } else {
      result.push_back(cut);
    }
  }
  return result;
}

}  // namespace switchyard::prepare
