// Scaled rotary frequencies against those of transformers, and the table made of them.
#include <gtest/gtest.h>

#include <cmath>

#include "model/attention/rotary.h"
#include "runtime/normal.h"
#include "tests/reference/rope_golden.h"

namespace switchyard {
namespace rope_scaling_test {

TEST(RopeScaling, FrequenciesAreThoseOfReleasedModels) {
  for (const reference::RopeGolden& golden : reference::rope_goldens) {
    SCOPED_TRACE(golden.model);
    const std::vector<double> frequencies =
        rope_frequencies(golden.head_dim, golden.base, golden.scaling);
    ASSERT_EQ(frequencies.size(), golden.frequencies.size());
    for (std::size_t i = 0; i < frequencies.size(); ++i)
      EXPECT_NEAR(frequencies[i] / golden.frequencies[i], 1.0, 2e-6) << "pair " << i;
    EXPECT_NEAR(rope_attention_factor(golden.scaling), golden.attention_factor, 1e-14);
  }
}

TEST(RopeScaling, YarnScalesCosinesAndSines) {
  const RopeScaling yarn{.type = RopeType::yarn, .factor = 8.0, .original_length = 64};
  const std::vector<double> frequencies = rope_frequencies(16, 100.0F, yarn);
  const RotaryTable table(300, 16, 100.0F, Device::cpu(), yarn);
  const double factor = 0.1 * std::log(8.0) + 1.0;
  for (const std::int64_t p : {0, 1, 299}) {
    for (std::int64_t i = 0; i < 8; ++i) {
      const double angle = static_cast<double>(p) * frequencies[static_cast<std::size_t>(i)];
      EXPECT_NEAR(table.cosine.tensor().as<float>()[p * 8 + i], factor * std::cos(angle), 2e-7);
      EXPECT_NEAR(table.sine.tensor().as<float>()[p * 8 + i], factor * std::sin(angle), 2e-7);
    }
  }
}

TEST(RopeScaling, AFactorOfOneScalesNothing) {
  const std::vector<double> plain = rope_frequencies(32, 10000.0F);
  for (const RopeType type : {RopeType::llama3, RopeType::yarn}) {
    const RopeScaling scaling{.type = type, .factor = 1.0, .original_length = 4096};
    const std::vector<double> scaled = rope_frequencies(32, 10000.0F, scaling);
    for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(scaled[i] / plain[i], 1.0, 1e-15);
    EXPECT_EQ(rope_attention_factor(scaling), 1.0);
  }
}

TEST(RopeScaling, LogarithmsMatchTheLibrary) {
  for (double x = 1e-12; x < 1e12; x *= 1.0137) {
    const double expected = std::log(x);
    EXPECT_NEAR(natural_log(x), expected, 1e-15 * std::fmax(1.0, std::fabs(expected))) << x;
  }
}

}  // namespace rope_scaling_test
}  // namespace switchyard
