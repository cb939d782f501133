// The best rates of one thread of this machine: the limits with which ops are compared.
#pragma once

#include <algorithm>
#include <cstring>
#include <ctime>

#include "runtime/product/matmul_library.h"

namespace switchyard {

// The best of several runs, in CPU time, which Google Benchmark uses for rates too: it is steadier
// on a busy machine.
template <class Work>
double min_seconds(Work work) {
  double least = 1e9;
  for (int i = 0; i < 7; ++i) {
    const std::clock_t start = std::clock();
    work();
    least = std::min(least, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return least;
}

// FLOP/s of one oneDNN call of 1,024 cubed.
inline double matmul_limit() {
  constexpr std::int64_t n = 1024;
  const Buffer a({n, n}, DType::f32), b({n, n}, DType::f32), out({n, n}, DType::f32);
  std::fill_n(a.tensor().as<float>(), n * n, 1.0F);
  std::fill_n(b.tensor().as<float>(), n * n, 1.0F);
  MatmulLibrary library;
  const double seconds = min_seconds([&] {
    library.run({n, n, n, Op::plain, Op::transposed}, Write::replace, {a.tensor().data, n},
                {b.tensor().data, n}, out.tensor().as<float>());
  });
  return 2.0 * static_cast<double>(n * n * n) / seconds;
}

// Bytes/s that a copy of 256 MiB reads and writes.
inline double memory_limit() {
  constexpr std::int64_t bytes = 256 << 20;
  const Buffer from({bytes}, DType::u8), to({bytes}, DType::u8);
  const double seconds =
      min_seconds([&] { std::memcpy(to.tensor().data, from.tensor().data, bytes); });
  return 2.0 * static_cast<double>(bytes) / seconds;
}

}  // namespace switchyard
