#include "launch/plan/machine_limits.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>

#include "runtime/product/matmul.h"

namespace switchyard::plan {
namespace {

constexpr int limit_rounds = 5;

}  // namespace

double seconds_of_work(Comm& world, const std::function<void()>& work) {
  work();  // touches memory and creates handles
  std::vector<double> seconds;
  for (int round = 0; round < limit_rounds; ++round) {
    world.barrier();
    const auto begin = std::chrono::steady_clock::now();
    work();
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + limit_rounds / 2, seconds.end());
  return reduce_one(world, seconds[limit_rounds / 2], Reduce::sum) / world.size();
}

namespace {

double matmul_limit(Comm& world, Stream& stream) {
  constexpr std::int64_t size = 1024;
  const Buffer a({size, size}, DType::f32), b({size, size}, DType::f32),
      out({size, size}, DType::f32);
  std::fill_n(a.tensor().as<float>(), size * size, 0.5F);
  std::fill_n(b.tensor().as<float>(), size * size, 0.5F);
  const double seconds = seconds_of_work(
      world, [&] { matmul(a, Op::plain, b, Op::plain, out, Write::replace, stream); });
  return 2.0 * size * size * size / seconds;
}

// Measures a copy that is larger than the caches, and counts bytes read and written.
double memory_limit(Comm& world, Stream& stream) {
  constexpr std::int64_t bytes = std::int64_t{64} << 20, piece = std::int64_t{1} << 20;
  const Buffer from({bytes}, DType::u8), to({bytes}, DType::u8);
  const double seconds = seconds_of_work(world, [&] {
    parallel_for(stream, bytes / piece, [&](std::int64_t i) {
      std::memcpy(static_cast<std::byte*>(to.tensor().data) + i * piece,
                  static_cast<std::byte*>(from.tensor().data) + i * piece,
                  static_cast<std::size_t>(piece));
    });
  });
  return 2.0 * bytes / seconds;
}

// Counts the bytes that leave the rank. One rank copies its own.
double exchange_limit(Comm& world, Stream& stream) {
  constexpr std::int64_t row = 4096, bytes_of_rank = std::int64_t{8} << 20;
  const std::int64_t rows = std::max<std::int64_t>(1, bytes_of_rank / row / world.size());
  const std::vector<std::int64_t> each(static_cast<std::size_t>(world.size()), rows);
  const Shape shape{rows * world.size(), row};
  const Buffer from(shape, DType::u8), to(shape, DType::u8);
  const double seconds = seconds_of_work(world, [&] {
    if (world.size() == 1) {
      world.all_to_all_rows(from, each, to, each, stream);
    } else {
      world.exchange_rows(from, each, to, each, stream);
    }
  });
  const int others = std::max(1, world.size() - 1);
  return static_cast<double>(others * rows * row) / seconds;
}

}  // namespace

MachineLimits measure_limits(Comm& world, Stream& stream) {
  return {matmul_limit(world, stream), memory_limit(world, stream), exchange_limit(world, stream)};
}

}  // namespace switchyard::plan
