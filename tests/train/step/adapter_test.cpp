// Runs with adapters and with low-rank layers, on any layout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  for (const SmallConfig& config : {adapted({"experts"}), router_too, low_rank()}) {
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
