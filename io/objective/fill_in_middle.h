// Fill-in-the-middle (Bavarian et al., arXiv:2207.14255), on tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "io/objective/special_ids.h"

namespace switchyard {

// Uniform numbers in [0, 1) by their number.
using Draw = std::function<double(std::uint64_t)>;

inline constexpr std::size_t shortest_rewritten = 8;  // tokens of a piece

// Cuts all but the last three tokens, which give way to the special ids, at two places that are
// drawn uniformly, into prefix, middle and suffix, and writes
//   <prefix> PREFIX <suffix> SUFFIX <middle> MIDDLE, or with the suffix first
//   <prefix> <suffix> SUFFIX <middle> PREFIX MIDDLE.
// False, and nothing changes: fewer than shortest_rewritten tokens.
bool fill_in_middle(std::span<std::int32_t> tokens, const SpecialIds& ids, bool suffix_first,
                    const Draw& draw);

}  // namespace switchyard
