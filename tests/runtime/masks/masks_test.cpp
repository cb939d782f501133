#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "runtime/masks/apply_mask.h"
#include "runtime/masks/dropout.h"

namespace switchyard {
namespace masks_test {

// What the Python of docs/regularise.md prints.
TEST(MaskStream, DrawsTheBitsThatTheDocumentationSays) {
  std::vector<std::uint16_t> bits(11);
  MaskStream(1, Purpose::weight_mask, 3, key_of_name("layer0.ffn.up"), 2).fill(0, bits);
  EXPECT_EQ(bits, (std::vector<std::uint16_t>{53762, 49145, 53807, 28649, 40936, 3632, 5843, 17512,
                                              7382, 25724, 1715}));
  bits.resize(4);
  MaskStream(5, Purpose::dropout, 100'000'000'000, key_of_name("embedding"), 0).fill(0, bits);
  EXPECT_EQ(bits, (std::vector<std::uint16_t>{25059, 9021, 25116, 3253}));
}

TEST(MaskStream, DrawsTheSameFromAnyBlock) {
  const MaskStream mask(1, Purpose::weight_mask, 3, 77, 2);
  std::vector<std::uint16_t> all(5000), part(1000);
  mask.fill(0, all);
  mask.fill(2504, part);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), all.begin() + 2504));
}

// Over all 65,536 bit patterns mean and variance are exact.
TEST(MaskLaw, HasMeanOneAndTheVarianceOfADrop) {
  for (const double rate : {0.1, 0.5, 0.9}) {
    const double p = std::round(65536 * rate) / 65536;
    for (const MaskKind kind : {MaskKind::drop, MaskKind::gaussian}) {
      const MaskLaw law(kind, rate);
      double mean = 0.0, squares = 0.0;
      for (int bits = 0; bits < 65536; ++bits) {
        const double factor = law.factor(static_cast<std::uint16_t>(bits));
        mean += factor / 65536;
        squares += factor * factor / 65536;
      }
      EXPECT_NEAR(mean, 1.0, 1e-6);
      EXPECT_NEAR(squares - mean * mean, p / (1 - p), 1e-5);
    }
  }
  EXPECT_FALSE(MaskLaw(MaskKind::drop, 0.0).masks());
}

TEST(ApplyMask, IsTheSameOnAnyNumberOfThreadsAndAddsUp) {
  const MaskLaw law(MaskKind::drop, 0.3);
  const MaskStream mask(1, Purpose::dropout, 0, 5, 0);
  const Buffer in({100'003}, DType::f32), one({100'003}, DType::f32), two({100'003}, DType::f32);
  for (std::int64_t i = 0; i < 100'003; ++i) in.tensor().as<float>()[i] = 1.0F;
  Stream alone = Stream::cpu(1), many = Stream::cpu(3);
  apply_mask(law, mask, in, one, alone);
  add_masked(law, mask, in, two, many);
  std::int64_t kept = 0;
  for (std::int64_t i = 0; i < 100'003; ++i) {
    ASSERT_EQ(one.tensor().as<float>()[i], two.tensor().as<float>()[i]) << i;
    kept += one.tensor().as<float>()[i] != 0.0F;
  }
  EXPECT_NEAR(static_cast<double>(kept), 70'002.0, 4 * std::sqrt(100'003 * 0.21));
}

}  // namespace masks_test
}  // namespace switchyard
