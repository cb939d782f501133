// The twin of runtime/tile/mma.h for kernels that run on the host. Copies happen when they are
// waited for, and until then their place holds NaN: whoever reads too early, or still read what was
// there, finds that. The order within a tensor core's sum is nobody's promise; here it is one sum
// in double.
#pragma once

#include <cuda_runtime.h>

#include "runtime/rounding.h"

namespace switchyard {

inline void begin_copy16(const void* from, bool zeros, void* to) {
  cuda_host::begin_copy16(from, zeros, to);
}
inline void end_copy_group() { cuda_host::end_copy_group(); }
template <int groups>
void wait_for_copies() {
  cuda_host::wait_for_copies(groups);
}

namespace mma_twin {

// What each lane of the warp holds.
struct Held {
  std::uint32_t of[32];
  explicit Held(std::uint32_t mine) { cuda_host::gather(mine, of); }
};
inline int lane() { return static_cast<int>(threadIdx.x % 32); }

inline void load(const std::uint16_t* row, bool transposed, std::uint32_t (&to)[4]) {
  const std::uint16_t* rows[32];
  cuda_host::gather(row, rows);
  const int line = lane() / 4, first = 2 * (lane() % 4);
  for (int i = 0; i < 4; ++i) {
    const std::uint16_t low = transposed ? rows[8 * i + first][line] : rows[8 * i + line][first];
    const std::uint16_t high =
        transposed ? rows[8 * i + first + 1][line] : rows[8 * i + line][first + 1];
    to[i] = low | std::uint32_t{high} << 16;
  }
}

// sum[i] += over k of a(row, k) * b(k, column), where the lane's elements of the result are.
template <class A, class B>
void add_products(int depth, A a, B b, float (&sum)[4]) {
  for (int i = 0; i < 4; ++i) {
    const int row = lane() / 4 + 8 * (i / 2), col = 2 * (lane() % 4) + i % 2;
    double total = static_cast<double>(sum[i]);
    for (int k = 0; k < depth; ++k)
      total += static_cast<double>(a(row, k)) * static_cast<double>(b(k, col));
    sum[i] = static_cast<float>(total);
  }
}

}  // namespace mma_twin

inline void load_matrices(const std::uint16_t* row, std::uint32_t (&to)[4]) {
  mma_twin::load(row, false, to);
}
inline void load_transposed(const std::uint16_t* row, std::uint32_t (&to)[4]) {
  mma_twin::load(row, true, to);
}

inline void multiply_bf16(const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                          float (&sum)[4]) {
  const mma_twin::Held left[4] = {mma_twin::Held(a[0]), mma_twin::Held(a[1]), mma_twin::Held(a[2]),
                                  mma_twin::Held(a[3])};
  const mma_twin::Held right[2] = {mma_twin::Held(b[0]), mma_twin::Held(b[1])};
  const auto half = [](std::uint32_t pair, int k) {
    return value_of_bf16(static_cast<std::uint16_t>(k % 2 == 0 ? pair : pair >> 16));
  };
  mma_twin::add_products(
      16,
      [&](int row, int k) {
        return half(left[row / 8 + 2 * (k / 8)].of[row % 8 * 4 + k % 8 / 2], k);
      },
      [&](int k, int col) { return half(right[k / 8].of[col * 4 + k % 8 / 2], k); }, sum);
}

inline void multiply_tf32(const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                          float (&sum)[4]) {
  const mma_twin::Held left[4] = {mma_twin::Held(a[0]), mma_twin::Held(a[1]), mma_twin::Held(a[2]),
                                  mma_twin::Held(a[3])};
  const mma_twin::Held right[2] = {mma_twin::Held(b[0]), mma_twin::Held(b[1])};
  mma_twin::add_products(
      8,
      [&](int row, int k) {
        return bits_to<float>(left[row / 8 + 2 * (k / 4)].of[row % 8 * 4 + k % 4]);
      },
      [&](int k, int col) { return bits_to<float>(right[k / 4].of[col * 4 + k % 4]); }, sum);
}

inline std::uint32_t tf32_of(float value) {
  const auto bits = bits_to<std::uint32_t>(value);
  return value != value ? bits : (bits + 0x1000U) & 0xffffe000U;
}

}  // namespace switchyard
