// Sizes that no emulation reaches: offsets above 2^31, launches of many waves, products of many
// rows. On a real GPU with at least 24 GB.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "runtime/device/host_access.h"
#include "runtime/device/ops.h"
#include "runtime/params/ownership.h"
#include "runtime/product/matmul.h"
#include "runtime/random.h"

namespace switchyard {
namespace large_test {

constexpr std::int64_t beyond = (std::int64_t{1} << 31) + 4096;  // elements

struct OnGpu {
  Stream stream = Stream::cuda(Device::cuda(0));
  RuntimeOps& ops = RuntimeOps::on(Device::cuda(0));

  static std::vector<float> normals(std::int64_t count, std::uint64_t seed) {
    const Random random(seed, Purpose::init);
    std::vector<float> values(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i)
      values[static_cast<std::size_t>(i)] =
          static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
    return values;
  }
  std::vector<float> read(Tensor tensor) {
    std::vector<float> values(static_cast<std::size_t>(tensor.size()));
    stream.synchronize();
    read_now(tensor, values.data());
    return values;
  }
};

// Elements on both sides of 2^31, and the first and the last.
std::vector<ElementRange> probes() {
  return {{0, 64}, {beyond - 4096 - 64, beyond - 4096 + 64}, {beyond - 64, beyond}};
}

TEST(Large, ElementsBeyondTwoToThe31AreReadAndWritten) {
  OnGpu gpu;
  const Buffer sum({beyond}, DType::f32, Device::cuda(0)),
      one({beyond}, DType::f32, Device::cuda(0));
  gpu.ops.zero(sum, gpu.stream);
  gpu.ops.zero(one, gpu.stream);
  for (const auto& [begin, end] : probes()) {
    const std::vector<float> values = OnGpu::normals(end - begin, static_cast<std::uint64_t>(end));
    gpu.stream.synchronize();
    write_now(values.data(), one.tensor().range(begin, end));
  }
  gpu.ops.add(one, sum, gpu.stream);
  gpu.ops.scale(2.0F, sum, gpu.stream);
  gpu.ops.add(one, sum, gpu.stream);
  for (const auto& [begin, end] : probes()) {
    const std::vector<float> values = OnGpu::normals(end - begin, static_cast<std::uint64_t>(end)),
                             got = gpu.read(sum.tensor().range(begin, end));
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_EQ(got[i], 3.0F * values[i]) << begin + static_cast<std::int64_t>(i);
  }
}

// out has more than 2^31 elements; each is compared with the same product of 16 rows alone.
void expect_rows_of_a_large_product(Precision precision) {
  constexpr std::int64_t rows = 1 << 18, cols = 8448, inner = 64;
  static_assert(rows * cols > std::int64_t{1} << 31);
  OnGpu gpu;
  const Buffer a({rows, inner}, DType::f32, Device::cuda(0)),
      b({inner, cols}, DType::f32, Device::cuda(0)), out({rows, cols}, DType::f32, Device::cuda(0)),
      alone({row_tile, cols}, DType::f32, Device::cuda(0));
  write_now(OnGpu::normals(rows * inner, 1).data(), a);
  write_now(OnGpu::normals(inner * cols, 2).data(), b);
  matmul(a, Op::plain, b, Op::plain, out, Write::replace, gpu.stream, precision);
  for (const std::int64_t row : {std::int64_t{0}, rows / 2, rows - row_tile}) {
    matmul(a.tensor().row_range(row, row + row_tile), Op::plain, b, Op::plain, alone,
           Write::replace, gpu.stream, precision);
    EXPECT_EQ(gpu.read(alone), gpu.read(out.tensor().row_range(row, row + row_tile)))
        << "rows from " << row;
  }
}

TEST(Large, AProductBeyondTwoToThe31IsThatOfItsRows) {
  expect_rows_of_a_large_product(Precision::f32);
  expect_rows_of_a_large_product(Precision::bf16);
}

// Exact mode relies on it: a row's bits do not depend on how many rows there are.
TEST(Large, ARowHasTheSameBitsAmong16RowsAndAmong65536) {
  constexpr std::int64_t most = 65536, cols = 768, inner = 2048;
  OnGpu gpu;
  const Buffer a({most, inner}, DType::f32, Device::cuda(0)),
      b({cols, inner}, DType::f32, Device::cuda(0)), out({most, cols}, DType::f32, Device::cuda(0));
  write_now(OnGpu::normals(most * inner, 3).data(), a);
  write_now(OnGpu::normals(cols * inner, 4).data(), b);
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    std::vector<float> first;
    for (const std::int64_t rows :
         {std::int64_t{16}, std::int64_t{272}, std::int64_t{4096}, most}) {
      matmul(a.tensor().row_range(0, rows), Op::plain, b, Op::transposed,
             out.tensor().row_range(0, rows), Write::replace, gpu.stream, precision);
      const std::vector<float> got = gpu.read(out.tensor().row_range(0, 16));
      if (first.empty()) first = got;
      EXPECT_EQ(got, first) << rows << " rows";
    }
    EXPECT_TRUE(std::isfinite(first.front()));
  }
}

// Thousands of blocks on each multiprocessor, in one launch.
TEST(Large, ALaunchOfManyWavesReachesEveryElement) {
  constexpr std::int64_t count = (std::int64_t{1} << 28) + 12345, piece = std::int64_t{1} << 24;
  OnGpu gpu;
  const Buffer values({count}, DType::f32, Device::cuda(0)),
      sum({count}, DType::f32, Device::cuda(0));
  const std::vector<float> some = OnGpu::normals(piece, 5);
  for (std::int64_t begin = 0; begin < count; begin += piece)
    write_now(some.data(), values.tensor().range(begin, std::min(begin + piece, count)));
  gpu.ops.copy(values, sum, gpu.stream);
  gpu.ops.add(values, sum, gpu.stream);
  for (std::int64_t begin = 0; begin < count; begin += piece) {
    const std::vector<float> got =
        gpu.read(sum.tensor().range(begin, std::min(begin + piece, count)));
    for (std::size_t i = 0; i < got.size(); ++i)
      ASSERT_EQ(got[i], 2.0F * some[i]) << begin + static_cast<std::int64_t>(i);
  }
}

}  // namespace large_test
}  // namespace switchyard
