#include "router/payload.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "runtime/random.h"

namespace switchyard {
namespace payload_test {

constexpr std::int64_t hidden = 37;  // no multiple of a vector

std::vector<float> there_and_back(Payload payload, std::vector<float> row) {
  Stream stream = Stream::cpu(1);
  const std::int64_t count = std::ssize(row);
  Buffer packed({1, payload_row_bytes(payload, count)}, DType::u8);
  const Tensor plain = tensor_of(row.data(), {1, count});
  pack_rows(payload, plain, Tensor{}, packed.tensor(), stream);
  unpack_rows(payload, packed.tensor(), Tensor{}, Tensor{}, plain, Tensor{}, stream);
  return row;
}

std::vector<float> normal_row(std::uint64_t seed) {
  const Random random(seed, Purpose::init);
  std::vector<float> row;
  for (std::uint64_t i = 0; i < hidden; ++i) row.push_back(static_cast<float>(random.normal(i)));
  return row;
}

TEST(Payload, F32TravelsUnchanged) {
  const std::vector<float> row = normal_row(1);
  EXPECT_EQ(there_and_back(Payload::f32, row), row);
}

TEST(Payload, Bf16RoundsToTheNearestAndTiesToEven) {
  const std::vector<float> row = {1.0F, 1.0F + 0x1p-8F, 1.0F + 0x3p-8F, 1.0F + 0x1.8p-8F, -0.0F};
  EXPECT_EQ(there_and_back(Payload::bf16, row),
            (std::vector<float>{1.0F, 1.0F, 1.0F + 0x1p-6F, 1.0F + 0x1p-7F, -0.0F}));
}

TEST(Payload, Bf16IsWithinHalfAUnitInItsLastPlace) {
  const std::vector<float> row = normal_row(2), back = there_and_back(Payload::bf16, row);
  for (std::size_t i = 0; i < row.size(); ++i)
    EXPECT_LE(std::abs(back[i] - row[i]), std::abs(row[i]) * 0x1p-8F) << i;
}

TEST(Payload, Int8IsWithinHalfAStepOfTheRowsScale) {
  const std::vector<float> row = normal_row(3), back = there_and_back(Payload::int8, row);
  float largest = 0.0F;
  for (const float value : row) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < row.size(); ++i)
    EXPECT_LE(std::abs(back[i] - row[i]), largest / 127.0F * 0.5001F) << i;
}

TEST(Payload, Int8OfAZeroRowIsZero) {
  const std::vector<float> zero(hidden, 0.0F);
  EXPECT_EQ(there_and_back(Payload::int8, zero), zero);
}

TEST(Payload, WhatIsNotFiniteDoesNotArriveAsANumber) {
  for (const Payload payload : {Payload::f32, Payload::bf16, Payload::int8}) {
    for (const float bad : {NAN, INFINITY, -INFINITY}) {
      std::vector<float> row = normal_row(4);
      row[5] = bad;
      EXPECT_FALSE(std::isfinite(there_and_back(payload, row)[5]));
    }
  }
}

TEST(Payload, RowsGoWhereTheIndicesSayTimesTheirWeight) {
  Stream stream = Stream::cpu(2);
  std::vector<float> x = {1, 2, 3, 4, 5, 6}, out(8, -1.0F), weight = {2.0F, 0.5F};
  std::vector<std::int32_t> token = {2, 0}, from = {1, 0}, to = {3, 1};
  Buffer packed({2, 8}, DType::u8);
  pack_rows(Payload::f32, tensor_of(x.data(), {3, 2}), tensor_of(token.data(), {2}),
            packed.tensor(), stream);
  unpack_rows(Payload::f32, packed.tensor(), tensor_of(from.data(), {2}),
              tensor_of(weight.data(), {2}), tensor_of(out.data(), {4, 2}),
              tensor_of(to.data(), {2}), stream);
  EXPECT_EQ(out, (std::vector<float>{-1, -1, 2.5F, 3, -1, -1, 2, 4}));
}

}  // namespace payload_test
}  // namespace switchyard
