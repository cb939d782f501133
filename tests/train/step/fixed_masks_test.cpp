#include "train/step/fixed_masks.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/io/scratch.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace fixed_masks_test {

std::unique_ptr<Comm> all_ranks() { return test_world().split(0, test_world().rank()); }

SmallConfig masked(double rate, std::vector<std::int64_t> layers = {}) {
  SmallConfig config;
  config.model.dropout = {
      .weights = rate, .weights_share = MaskShare::fixed, .layers = std::move(layers)};
  return config;
}

// By parameter: how many of its elements are 0.
std::int64_t zeros_of(const Params& params, const std::string& name) {
  const Tensor value = params.value(params.find(name));
  return std::count(value.as<float>(), value.as<float>() + value.size(), 0.0F);
}

// The mask as docs/regularise.md has it.
TEST(FixedMasks, LeaveOutTheShareThatTheBitsSayAndScaleTheRest) {
  SmallRun plain({}, all_ranks(), 1), run(masked(0.25), all_ranks(), 1);
  const Params &before = plain.model().params(), &after = run.model().params();
  for (const char* name : {"layer0.ffn.up", "layer0.ffn.down", "layer1.shared.gate",
                           "layer1.expert3.up", "layer1.expert4.down"}) {
    const ParamId id = after.find(name);
    const std::int64_t size = after.value(id).size();
    std::vector<std::uint16_t> bits(static_cast<std::size_t>(size));
    MaskStream(11, Purpose::weight_mask, ~std::uint64_t{0}, key_of_name(name), 0).fill(0, bits);
    for (std::int64_t i = 0; i < size; ++i) {
      const float was = before.value(before.find(name)).as<float>()[i];
      const bool kept = bits[static_cast<std::size_t>(i)] >= 65536 / 4;
      EXPECT_FLOAT_EQ(after.value(id).as<float>()[i], kept ? was / 0.75F : 0.0F);
    }
    EXPECT_NEAR(static_cast<double>(zeros_of(after, name)), 0.25 * static_cast<double>(size),
                5.0 * std::sqrt(0.25 * 0.75 * static_cast<double>(size)));
  }
  EXPECT_EQ(zeros_of(after, "layer1.router"), 0);
  EXPECT_EQ(zeros_of(after, "embedding"), 0);
}

TEST(FixedMasks, StayWhatTheyAreWhileTheRestLearns) {
  for (const bool exact : {true, false}) {
    SmallConfig config = masked(0.4, {1});
    config.train.exact = exact;
    SmallRun run(config, all_ranks(), 1);
    const Params& params = run.model().params();
    const std::int64_t before = zeros_of(params, "layer1.expert2.up");
    EXPECT_GT(before, 0);
    const std::vector<double> losses = run.losses(0, 8);
    EXPECT_LT(losses.back(), losses.front() - 0.2);
    EXPECT_EQ(zeros_of(params, "layer1.expert2.up"), before);
    EXPECT_EQ(zeros_of(params, "layer0.ffn.up"), 0);  // of another layer
    EXPECT_NO_THROW(check_fixed_masks(params, config.model.dropout, 11));
  }
}

TEST(FixedMasks, GiveTheSameBitsOnAnyLayout) {
  const SmallConfig config = masked(0.3);
  SmallRun alone(config, test_world().split(test_world().rank(), 0), 1);
  SmallRun together(config, all_ranks(), test_world().size());
  EXPECT_EQ(alone.losses(0, 4), together.losses(0, 4));
  EXPECT_EQ(alone.state_hash(), together.state_hash());
}

TEST(FixedMasks, AreNoneOfAnotherSeedOrRate) {
  SmallConfig config = masked(0.25);
  SmallRun run(config, all_ranks(), 1);
  const Params& params = run.model().params();
  EXPECT_THROW(check_fixed_masks(params, config.model.dropout, 12), Error);
  config.model.dropout.weights = 0.5;
  EXPECT_THROW(check_fixed_masks(params, config.model.dropout, 11), Error);
}

}  // namespace fixed_masks_test
}  // namespace switchyard
