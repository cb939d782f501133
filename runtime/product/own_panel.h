// Copies matrices into the order in which our own product reads them
// (runtime/product/own_matmul.cpp).
#pragma once

#include <cstdint>

namespace switchyard {

// to[s * stride + j] = from[j * apart + s] for s, j < 8.
void transpose_eight(const float* from, std::int64_t apart, float* to, std::int64_t stride);

// panel[s * lanes + j] = from[s * step + j * lane] for s < k and j < cols; zeros for cols <= j <
// lanes. One of step and lane is 1.
void pack_panel(const float* from, std::int64_t step, std::int64_t lane, std::int64_t k,
                std::int64_t cols, std::int64_t lanes, float* panel);

}  // namespace switchyard
