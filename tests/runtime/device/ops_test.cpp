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
