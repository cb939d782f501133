#include "train/islands/payload.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "runtime/random.h"
#include "train/islands/fragments.h"

namespace switchyard {
namespace payload_test {

struct Case {
  std::vector<float> values, base;
};

// Weights that moved a little, in blocks of different scale.
Case some_weights(std::int64_t blocks) {
  Case made;
  const Random random(3, Purpose::data_order);
  for (std::int64_t i = 0; i < blocks * payload_block; ++i) {
    const auto key = static_cast<std::uint64_t>(2 * i);
    made.base.push_back(static_cast<float>(random.uniform(key) - 0.5));
    const double scale = std::pow(10.0, -static_cast<double>(i / payload_block));
    made.values.push_back(made.base.back() +
                          static_cast<float>((random.uniform(key + 1) - 0.5) * scale));
  }
  return made;
}

std::vector<double> through(IslandPayload kind, const Case& made) {
  std::vector<std::byte> bytes(
      static_cast<std::size_t>(payload_bytes(kind, std::ssize(made.values))));
  encode(kind, made.values, made.base, bytes);
  std::vector<double> out(made.values.size());
  decode(kind, bytes, made.base, out);
  return out;
}

TEST(Payload, TakesTheBytesOfItsFormula) {
  EXPECT_EQ(payload_bytes(IslandPayload::f32, 1024), 4096);
  EXPECT_EQ(payload_bytes(IslandPayload::bf16, 1024), 2048);
  EXPECT_EQ(payload_bytes(IslandPayload::int8, 1024), 1024 + 4 * 4);
}

TEST(Payload, F32ArrivesAsItWas) {
  const Case made = some_weights(4);
  const std::vector<double> arrived = through(IslandPayload::f32, made);
  for (std::size_t i = 0; i < arrived.size(); ++i) EXPECT_EQ(arrived[i], made.values[i]);
}

// To nearest: half a unit of the difference's last place, or of its block's scale.
TEST(Payload, DifferencesAreRoundedToNearest) {
  const Case made = some_weights(4);
  const std::vector<double> bf16 = through(IslandPayload::bf16, made),
                            int8 = through(IslandPayload::int8, made);
  for (std::size_t first = 0; first < made.values.size(); first += payload_block) {
    double most = 0.0;
    for (std::size_t i = first; i < first + payload_block; ++i)
      most = std::max(most, std::fabs(double{made.values[i]} - made.base[i]));
    double bf16_error = 0.0, int8_error = 0.0;
    for (std::size_t i = first; i < first + payload_block; ++i) {
      const double difference = made.values[i] - made.base[i];
      bf16_error = std::max(bf16_error, std::fabs(bf16[i] - made.base[i] - difference) /
                                            std::max(std::fabs(difference), 1e-12));
      int8_error = std::max(int8_error, std::fabs(int8[i] - made.base[i] - difference));
    }
    EXPECT_LE(bf16_error, 1.0 / 256);
    EXPECT_GT(bf16_error, 1.0 / 1024);  // it is rounded
    EXPECT_LE(int8_error, most / 127 / 2 * 1.001);
    EXPECT_GT(int8_error, most / 127 / 4);
  }
}

TEST(Payload, ABlockThatDidNotMoveArrivesAsItWas) {
  Case made = some_weights(1);
  made.values = made.base;
  for (const IslandPayload kind : {IslandPayload::bf16, IslandPayload::int8}) {
    const std::vector<double> arrived = through(kind, made);
    for (std::size_t i = 0; i < arrived.size(); ++i) EXPECT_EQ(arrived[i], made.base[i]);
  }
}

TEST(Payload, WhatIsNotFiniteArrivesSo) {
  for (const float bad :
       {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Case made = some_weights(2);
    made.values[300] = bad;
    for (const IslandPayload kind :
         {IslandPayload::f32, IslandPayload::bf16, IslandPayload::int8}) {
      const std::vector<double> arrived = through(kind, made);
      EXPECT_FALSE(std::isfinite(arrived[300]));
      EXPECT_TRUE(std::isfinite(arrived[7]));  // of another block
    }
  }
}

}  // namespace payload_test
}  // namespace switchyard
