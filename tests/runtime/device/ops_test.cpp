#include "runtime/device/ops.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace switchyard {
namespace ops_test {

constexpr std::int64_t longer_than_a_piece = (1 << 17) + 37;

Buffer counting(std::int64_t size) {
  Buffer buffer({size}, DType::f32);
  float* values = buffer.tensor().as<float>();
  std::iota(values, values + size, 1.0F);
  return buffer;
}

TEST(RuntimeOps, ZeroClearsItsRangeAlone) {
  Stream stream = Stream::cpu(2);
  const Buffer buffer = counting(longer_than_a_piece + 2);
  RuntimeOps::on(Device::cpu()).zero(buffer.tensor().range(1, 1 + longer_than_a_piece), stream);
  const float* values = buffer.tensor().as<float>();
  EXPECT_EQ(values[0], 1.0F);
  EXPECT_EQ(values[longer_than_a_piece + 1], static_cast<float>(longer_than_a_piece + 2));
  EXPECT_EQ(std::count(values, values + longer_than_a_piece + 2, 0.0F), longer_than_a_piece);
}

TEST(RuntimeOps, CopyKeepsEveryByte) {
  Stream stream = Stream::cpu(2);
  const Buffer from = counting(longer_than_a_piece), to({longer_than_a_piece, 4}, DType::u8);
  RuntimeOps::on(Device::cpu()).copy(from, to, stream);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(from.tensor().as<float>());
  EXPECT_TRUE(std::equal(bytes, bytes + from.tensor().bytes(), to.tensor().as<std::uint8_t>()));
}

TEST(RuntimeOps, AddIsElementwise) {
  Stream stream = Stream::cpu(2);
  const Buffer in = counting(longer_than_a_piece), inout = counting(longer_than_a_piece);
  RuntimeOps::on(Device::cpu()).add(in, inout, stream);
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < longer_than_a_piece; ++i) {
    wrong += inout.tensor().as<float>()[i] != 2.0F * static_cast<float>(i + 1);
  }
  EXPECT_EQ(wrong, 0);
}

// Rows of 1, 2, 3... in every column, times the column's number.
TEST(RuntimeOps, SumsOfRows) {
  for (const std::int64_t rows : {0, 1, 63, 64, 65, 200, 64 * 7}) {
    constexpr std::int64_t n = 3;
    const Buffer in({rows, n}, DType::f32), sums({num_row_sums(rows), n}, DType::f32),
        out = counting(n);
    for (std::int64_t i = 0; i < rows * n; ++i)
      in.tensor().as<float>()[i] = static_cast<float>((i / n + 1) * (i % n));
    Stream stream = Stream::cpu(2);
    RuntimeOps::on(Device::cpu()).sum_rows(in, sums, out, stream);
    for (std::int64_t i = 0; i < n; ++i)
      EXPECT_EQ(out.tensor().as<float>()[i], static_cast<float>(i * rows * (rows + 1) / 2)) << rows;
  }
}

// In f32, 2^24 + 1 is 2^24: one after another the ones would be lost.
TEST(RuntimeOps, SumsOfChunksAreJoinedPairwise) {
  const Buffer sums({4, 1}, DType::f32), out({1}, DType::f32);
  const float values[] = {16777216.0F, 0.0F, 1.0F, 1.0F};
  std::copy_n(values, 4, sums.tensor().as<float>());
  Stream stream = Stream::cpu(1);
  RuntimeOps::on(Device::cpu()).join_row_sums(sums, out, stream);
  EXPECT_EQ(out.tensor().as<float>()[0], 16777218.0F);
}

TEST(RuntimeOps, ARowIsAddedToAllRows) {
  for (const std::int64_t rows : {0, 1, 130}) {
    const Buffer row = counting(5), inout({rows, 5}, DType::f32);
    for (std::int64_t i = 0; i < rows * 5; ++i)
      inout.tensor().as<float>()[i] = static_cast<float>(10 * i);
    Stream stream = Stream::cpu(2);
    RuntimeOps::on(Device::cpu()).add_to_rows(row, inout, stream);
    for (std::int64_t i = 0; i < rows * 5; ++i)
      ASSERT_EQ(inout.tensor().as<float>()[i], static_cast<float>(10 * i + i % 5 + 1));
  }
}

TEST(RuntimeOps, EmptyTensorsAreFine) {
  Stream stream = Stream::cpu(1);
  RuntimeOps& ops = RuntimeOps::on(Device::cpu());
  ops.zero(Tensor{}, stream);
  ops.copy(Tensor{}, Tensor{}, stream);
  ops.add(Tensor{}, Tensor{}, stream);
}

TEST(RuntimeOps, RefuseUnequalSizes) {
  Stream stream = Stream::cpu(1);
  const Buffer three = counting(3), four = counting(4);
  EXPECT_THROW(RuntimeOps::on(Device::cpu()).copy(three, four, stream), Error);
  EXPECT_THROW(RuntimeOps::on(Device::cpu()).add(three, four, stream), Error);
}

TEST(RuntimeOps, RefuseADeviceWithoutKernels) {
  EXPECT_THROW(RuntimeOps::on(Device{Device::Kind::cuda, 0}), Error);
}

}  // namespace ops_test
}  // namespace switchyard
