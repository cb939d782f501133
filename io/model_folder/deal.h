// Dealing: which rank does which piece of work, when a piece stays whole.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace switchyard {

// The rank of each piece: the largest first, each for the rank with the least so far, of equal ones
// the lowest (LPT: Graham 1969). A function of its arguments alone, so that all ranks agree.
// Requires: num_ranks >= 1.
std::vector<int> deal(std::span<const std::int64_t> sizes, int num_ranks);

}  // namespace switchyard
