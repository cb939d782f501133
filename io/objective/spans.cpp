#include "io/objective/spans.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace switchyard {
namespace {

// In [0, count).
std::size_t below(double uniform, std::size_t count) {
  return static_cast<std::size_t>(uniform * static_cast<double>(count));
}

}  // namespace

bool move_spans(std::span<std::int32_t> tokens, const SpecialIds& ids, double mean_length,
                double share, const Draw& draw) {
  if (tokens.size() < shortest_rewritten) return false;
  const double wanted = std::round(share * static_cast<double>(tokens.size()) / mean_length);
  const auto most = std::min<std::size_t>(static_cast<std::size_t>(ids.num_spans),
                                          tokens.size() / shortest_rewritten);
  const std::size_t num_spans = std::clamp<std::size_t>(static_cast<std::size_t>(wanted), 1, most);
  const std::size_t length = tokens.size() - 2 * num_spans;
  const auto longest = static_cast<std::size_t>(std::max(1.0, 2.0 * mean_length - 1.0));
  std::vector<std::int32_t> kept, moved;
  for (std::size_t i = 0; i < num_spans; ++i) {
    const std::size_t begin = length * i / num_spans, end = length * (i + 1) / num_spans;
    const std::size_t count = 1 + below(draw(2 * i), std::min(longest, end - begin));
    const std::size_t from = begin + below(draw(2 * i + 1), end - begin - count + 1);
    const auto id = static_cast<std::int32_t>(ids.first_span + static_cast<std::int32_t>(i));
    const auto at = [&](std::size_t place) {
      return tokens.begin() + static_cast<std::ptrdiff_t>(place);
    };
    kept.insert(kept.end(), at(begin), at(from));
    kept.push_back(id);
    kept.insert(kept.end(), at(from + count), at(end));
    moved.push_back(id);
    moved.insert(moved.end(), at(from), at(from + count));
  }
  std::copy(moved.begin(), moved.end(), std::copy(kept.begin(), kept.end(), tokens.begin()));
  return true;
}

}  // namespace switchyard
