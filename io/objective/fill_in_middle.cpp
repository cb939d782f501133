#include "io/objective/fill_in_middle.h"

#include <algorithm>
#include <vector>

namespace switchyard {
namespace {

constexpr std::size_t num_special = 3;

}  // namespace

bool fill_in_middle(std::span<std::int32_t> tokens, const SpecialIds& ids, bool suffix_first,
                    const Draw& draw) {
  if (tokens.size() < shortest_rewritten) return false;
  const std::size_t length = tokens.size() - num_special;
  const auto place = [&](std::uint64_t number) {
    return static_cast<std::size_t>(draw(number) * static_cast<double>(length + 1));
  };
  const auto [begin, end] = std::minmax({place(0), place(1)});
  const std::vector<std::int32_t> text(tokens.begin(), tokens.end());
  const std::span<const std::int32_t> all(text);
  const auto prefix = all.first(begin), middle = all.subspan(begin, end - begin),
             suffix = all.subspan(end, length - end);
  auto out = tokens.begin();
  const auto put = [&](std::span<const std::int32_t> part) {
    out = std::copy(part.begin(), part.end(), out);
  };
  *out++ = ids.prefix;
  if (!suffix_first) put(prefix);
  *out++ = ids.suffix;
  put(suffix);
  *out++ = ids.middle;
  if (suffix_first) put(prefix);
  put(middle);
  return true;
}

}  // namespace switchyard
