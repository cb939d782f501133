// Runs with adapters and with low-rank layers, on any layout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "model/linear_terms.h"
#include "runtime/comm/agree.h"
#include "tests/io/scratch.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace adapter_test {

using testing::HasSubstr;

SmallConfig adapted(const std::vector<std::string>& targets = {"attention", "experts", "ffn",
                                                               "shared", "router"}) {
  SmallConfig config;
  config.model.adapter = {.rank = 4, .alpha = 8.0, .targets = targets};
  return config;
}

SmallConfig low_rank() {
  SmallConfig config;
  config.model.low_rank = {.rank = 6, .layers = {0, 1}};
  return config;
}

SmallConfig guided(std::int64_t steps, bool skips) {
  SmallConfig config = low_rank();
  config.train.guide_steps = steps;
  config.train.guide_skips = skips;
  return config;
}

int widest_degree(const SmallConfig& config) {
  return largest_divisor(test_world().size(), config.model.num_experts);
}

SmallRun whole_world(const SmallConfig& config, int degree) {
  return {config, test_world().split(0, test_world().rank()), degree};
}

std::filesystem::path save(SmallRun& run, const std::filesystem::path& folder, std::int64_t step) {
  Stream stream = Stream::cpu(1);
  return save_checkpoint(folder, step, 1, run.trainer().owned_state().tensors, run.trainer().meta(),
                         test_world(), stream);
}

TEST(Adapter, BeginsWithTheBitsOfItsBaseAndOnlyItTrains) {
  const SharedScratch folder(test_world());
  SmallRun base = whole_world({}, 1);
  base.losses(0, 3);
  const std::filesystem::path checkpoint = save(base, folder.path(), 3);
  SmallConfig config = adapted();
  config.draw_weights = false;
  SmallRun run = whole_world(config, widest_degree(config));
  agree(test_world(), [&] { run.trainer().initialize(CheckpointReader(checkpoint)); });
  EXPECT_EQ(run.step(0).loss, base.step(0).loss);
  run.losses(1, 4);
  const Params& params = run.model().params();
  const CheckpointReader before(checkpoint);
  for (ParamId id = 0; id < params.num_params(); ++id) {
    const ParamSpec& spec = params.spec(id);
    EXPECT_EQ(params.trained(id), is_adapter(spec.name)) << spec.name;
    if (is_adapter(spec.name)) continue;
    const Buffer was(spec.shape, DType::f32);
    before.read("value/" + spec.name, was);
    EXPECT_EQ(std::memcmp(was.tensor().data, params.value(id).data,
                          static_cast<std::size_t>(was.tensor().bytes())),
              0)
        << spec.name;
  }
  for (const auto& [name, tensor] : run.trainer().owned_state().tensors)
    EXPECT_TRUE(name.starts_with("value/") || is_adapter(name)) << name;
}

TEST(Adapter, LearnsAndSoDoLowRankLayers) {
  for (const SmallConfig& config : {adapted(), low_rank()}) {
    SmallRun run = whole_world(config, 1);
    const std::vector<double> losses = run.losses(0, 8);
    EXPECT_LT(losses.back(), losses.front() - 0.02);
  }
}

// With experts and copies of them that move.
TEST(Adapter, AnyLayoutHasTheSameBits) {
  const auto result = [](SmallConfig config, int degree, bool moves) {
    if (moves) {
      config.router.extra_copies = 2;
      config.rebalance_every = 2;
    }
    SmallRun run = whole_world(config, degree);
    std::vector<double> losses = run.losses(0, 6);
    losses.push_back(static_cast<double>(run.state_hash()));
    return losses;
  };
  SmallConfig router_too = adapted({"experts", "*.attention.q", "layer1.router"});
  router_too.model.adapter.train = {"norms", "*.down"};
  router_too.recompute_layers = 1;
  for (const SmallConfig& config :
       {adapted({"experts"}), router_too, low_rank(), guided(4, true), guided(20, false)}) {
    const std::vector<double> expected = result(config, 1, false);
    EXPECT_EQ(result(config, widest_degree(config), false), expected);
    EXPECT_EQ(result(config, widest_degree(config), true), expected);
  }
}

TEST(Adapter, ResumeEqualsNotStopping) {
  for (SmallConfig config : {adapted(), low_rank()}) {
    SmallRun straight = whole_world(config, 1);
    const std::vector<double> expected = straight.losses(0, 5);
    const SharedScratch folder(test_world());
    SmallRun first = whole_world(config, 1);
    first.losses(0, 2);
    const std::filesystem::path checkpoint = save(first, folder.path(), 2);
    config.draw_weights = false;
    SmallRun second = whole_world(config, widest_degree(config));
    agree(test_world(), [&] {
      const CheckpointReader reader(checkpoint);
      second.trainer().load(reader, reader.fields());
    });
    EXPECT_EQ(second.losses(2, 5), std::vector<double>(expected.begin() + 2, expected.end()));
    EXPECT_EQ(second.state_hash(), straight.state_hash());
  }
}

TEST(Guide, FallsAsACosineAndIsSkippedAsOften) {
  TrainConfig config;
  config.guide_steps = 8;
  EXPECT_EQ(guide_share_at(config, 0), 1.0);
  EXPECT_NEAR(guide_share_at(config, 4), 0.5, 1e-12);
  EXPECT_NEAR(guide_share_at(config, 2), 0.5 + 0.25 * std::sqrt(2.0), 1e-12);
  EXPECT_EQ(guide_share_at(config, 8), 0.0);
  EXPECT_EQ(guide_share_at({}, 0), 0.0);
  config.guide_steps = 4000;
  SmallRun run = whole_world(guided(4000, true), 1);
  Params& params = run.model().params();
  const ParamId guide = params.find("layer1.shared.up.guide");
  std::int64_t counted = 0;
  for (std::int64_t step = 0; step < 4000; ++step) {
    set_guides(params, config, step, /*skips=*/true);
    const float share = params.guide_share(guide);
    if (share > 0) {
      ++counted;
      EXPECT_EQ(share, static_cast<float>(guide_share_at(config, step)));
    }
  }
  EXPECT_NEAR(static_cast<double>(counted), 2000.0, 150.0);
}

// A guide is the product of the factors at first, so that it does not change the loss.
TEST(Guide, BeginsWithTheLossOfTheFactorsAlone) {
  SmallRun with = whole_world(guided(6, false), 1), without = whole_world(low_rank(), 1);
  const double loss = without.step(0).loss;
  EXPECT_NEAR(with.step(0).loss, loss, 1e-6 * loss);
  EXPECT_NE(with.step(1).loss, without.step(1).loss);
}

// The checkpoint of its last step goes on in a model without guides, with the same bits.
TEST(Guide, EndsWithoutAChange) {
  for (const bool skips : {false, true}) {
    SmallConfig config = guided(3, skips);
    SmallRun straight = whole_world(config, 1);
    const std::vector<double> expected = straight.losses(0, 6);
    const SharedScratch folder(test_world());
    SmallRun first = whole_world(config, widest_degree(config));
    first.losses(0, 2);
    const std::filesystem::path middle = save(first, folder.path(), 2);
    first.losses(2, 3);
    const std::filesystem::path end = save(first, folder.path(), 3);
    config.draw_weights = false;
    const auto load = [&](SmallRun& run, const std::filesystem::path& checkpoint) {
      agree(test_world(), [&] {
        const CheckpointReader reader(checkpoint);
        run.trainer().load(reader, reader.fields());
      });
    };
    config.steps_done = 2;
    SmallRun second = whole_world(config, 1);
    load(second, middle);
    EXPECT_EQ(second.losses(2, 3), std::vector<double>(expected.begin() + 2, expected.begin() + 3));
    config.steps_done = 3;
    SmallRun third = whole_world(config, widest_degree(config));
    load(third, end);
    EXPECT_EQ(third.model().params().find("layer1.shared.up.guide"), -1);
    EXPECT_LT(third.model().params().bytes(), second.model().params().bytes());
    EXPECT_EQ(third.losses(3, 6), std::vector<double>(expected.begin() + 3, expected.end()));
  }
}

TEST(Adapter, RefusesTargetsWithoutMatrices) {
  const auto message = [](const std::vector<std::string>& targets) -> std::string {
    try {
      whole_world(adapted(targets), 1);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::usage);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message({"embedding"}), HasSubstr("adapter.targets names \"embedding\""));
  EXPECT_THAT(message({"norms"}), HasSubstr("adapter.targets names \"norms\""));
  EXPECT_THAT(message({"*.attention.q", "layer1.expert0.up"}), HasSubstr("name all of them"));
}

}  // namespace adapter_test
}  // namespace switchyard
