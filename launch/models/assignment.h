// The assignment problem.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace switchyard::models {

// For each row of the matrix [n, n] a separate column, so that the sum of their values is the
// largest: the Hungarian method with shortest paths (Jonker and Volgenant, Computing 38, 1987),
// O(n^3). Of equal sums the same one every time. Requires: finite values.
std::vector<std::size_t> best_assignment(std::span<const double> values, std::size_t n);

}  // namespace switchyard::models
