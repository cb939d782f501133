#include "runtime/codes/row_codes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "runtime/random.h"

namespace switchyard {
namespace row_codes_test {

using testing::ElementsAre;

struct Coded {
  std::int64_t rows, cols;
  std::vector<std::int8_t> codes;
  std::vector<float> scales;

  Coded(std::int64_t num_rows, std::int64_t num_cols)
      : rows(num_rows),
        cols(num_cols),
        codes(static_cast<std::size_t>(num_rows * num_cols)),
        scales(static_cast<std::size_t>(num_rows)) {}
  RowCodes view() {
    return {{codes.data(), {rows, cols}, DType::i8, Device::cpu()},
            tensor_of(scales.data(), {rows, 1})};
  }
  std::vector<float> weights() {
    std::vector<float> all(codes.size());
    Stream stream = Stream::cpu(1);
    decode_rows(view(), tensor_of(all.data(), {rows, cols}), stream);
    return all;
  }
};

Coded encoded(const std::vector<float>& weights, std::int64_t cols,
              const std::optional<RoundingChance>& chance = {}, int threads = 1) {
  const auto rows = std::ssize(weights) / cols;
  Coded result(rows, cols);
  Stream stream = Stream::cpu(threads);
  encode_rows(tensor_of(weights.data(), {rows, cols}), chance, result.view(), stream);
  return result;
}

std::vector<float> normals(std::int64_t count, std::uint64_t seed) {
  const Random random(seed, Purpose::init);
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<float>(0.02 * random.normal(static_cast<std::uint64_t>(i))));
  return values;
}

// By hand: scales are the largest magnitude over 127, halves go to even codes.
TEST(RowCodes, ToNearestByHand) {
  Coded coded = encoded({127.0F, -1.5F, 2.5F, 0.4F,    //
                         -0.254F, 0.001F, 0.0F, 0.2F,  //
                         0.0F, 0.0F, -0.0F, 0.0F},
                        4);
  EXPECT_THAT(coded.scales, ElementsAre(1.0F, 0.254F / 127.0F, 0.0F));
  EXPECT_THAT(coded.codes, ElementsAre(127, -2, 2, 0, -127, 0, 0, 100, 0, 0, 0, 0));
  EXPECT_THAT(coded.weights(), testing::Contains(127.0F));
}

TEST(RowCodes, NoWeightIsFartherThanHalfAScale) {
  const std::vector<float> weights = normals(64 * 96, 3);
  Coded coded = encoded(weights, 96);
  const std::vector<float> again = coded.weights();
  for (std::size_t i = 0; i < weights.size(); ++i)
    ASSERT_LE(std::abs(weights[i] - again[i]), 0.5001F * coded.scales[i / 96]) << i;
}

// What was encoded once stays, by either rounding, but for a scale's last bit.
TEST(RowCodes, EncodingDecodedWeightsChangesNothing) {
  Coded once = encoded(normals(64 * 96, 5), 96);
  Coded nearest = encoded(once.weights(), 96);
  EXPECT_EQ(nearest.codes, once.codes);
  for (std::size_t row = 0; row < once.scales.size(); ++row)
    EXPECT_NEAR(nearest.scales[row] / once.scales[row], 1.0, 2e-7);
}

// The mean over many keys is the weight, and each code is one of its two neighbours.
TEST(RowCodes, ChanceHasTheRightExpectation) {
  const std::int64_t cols = 40;
  const std::vector<float> weights = normals(2 * cols, 7);
  const Coded nearest = encoded(weights, cols);
  std::vector<double> sums(weights.size());
  constexpr int keys = 4000;
  for (std::uint32_t key = 0; key < keys; ++key) {
    Coded coded = encoded(weights, cols, RoundingChance{{key, 17}});
    EXPECT_EQ(coded.scales, nearest.scales);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const double exact = weights[i] / coded.scales[i / cols];
      ASSERT_LT(std::abs(coded.codes[i] - exact), 1.0);
      sums[i] += coded.codes[i] - exact;
    }
  }
  // Each sum is of independent errors with a deviation of at most a half.
  for (const double sum : sums) EXPECT_LT(std::abs(sum), 5.0 * 0.5 * std::sqrt(keys));
}

TEST(RowCodes, ThreadsAndOtherRowsChangeNoBit) {
  const std::int64_t cols = 513;
  const std::vector<float> weights = normals(70 * cols, 9);
  const RoundingChance chance{{3, 4}};
  const Coded one = encoded(weights, cols, chance);
  EXPECT_EQ(encoded(weights, cols, chance, 3).codes, one.codes);
  EXPECT_NE(encoded(weights, cols, RoundingChance{{3, 5}}).codes, one.codes);
  std::vector<float> other = weights;
  for (std::int64_t i = 0; i < cols; ++i) other[static_cast<std::size_t>(i)] = 1.0F;
  const Coded changed = encoded(other, cols, chance);
  EXPECT_TRUE(
      std::equal(changed.codes.begin() + cols, changed.codes.end(), one.codes.begin() + cols));
}

TEST(RowCodes, AWeightThatIsNotFiniteIsSeen) {
  std::vector<float> weights = normals(8, 1);
  weights[5] = std::numeric_limits<float>::infinity();
  Coded coded = encoded(weights, 4);
  EXPECT_FALSE(std::isnan(coded.scales[0]));
  EXPECT_TRUE(std::isnan(coded.scales[1]));
}

}  // namespace row_codes_test
}  // namespace switchyard
