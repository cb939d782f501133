// Runs with modules of multi-token prediction, on any layout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "model/param_role.h"
#include "runtime/comm/agree.h"
#include "tests/io/scratch.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"
#include "train/state/load_state.h"
#include "train/step/routing_tape.h"

namespace switchyard {
namespace mtp_test {

using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;

SmallConfig with_modules(int depth = 2) {
  SmallConfig config;
  config.model.mtp_depth = depth;
  return config;
}

int widest_degree(const SmallConfig& config) {
  return largest_divisor(test_world().size(), config.model.num_experts);
}

SmallRun whole_world(const SmallConfig& config, int degree, RoutingTape* tape = nullptr) {
  return {config, test_world().split(0, test_world().rank()), degree, tape};
}

std::filesystem::path save(SmallRun& run, const std::filesystem::path& folder, std::int64_t step) {
  return save_checkpoint(folder, step, 1, run.trainer().owned_state().tensors, run.trainer().meta(),
                         test_world(), run.stream());
}

bool same_bytes(Tensor a, Tensor b) {
  return a.bytes() == b.bytes() &&
         std::memcmp(a.data, b.data, static_cast<std::size_t>(a.bytes())) == 0;
}

// Expects every parameter of `params`, but for modules, to have its bits in `other`.
void expect_same_values(const Params& params, const Params& other) {
  for (ParamId id = 0; id < params.num_params(); ++id) {
    const std::string& name = params.spec(id).name;
    if (mtp_module_of_param(name) >= 0) continue;
    EXPECT_TRUE(same_bytes(params.value(id), other.value(other.find(name)))) << name;
  }
}

// Losses of all kinds, and the hash of the state.
std::vector<double> result(SmallRun& run, std::int64_t first, std::int64_t end) {
  std::vector<double> all;
  for (std::int64_t step = first; step < end; ++step) {
    const StepReport report = run.step(step);
    all.insert(all.end(), {report.loss, report.balance_loss, report.gradient_norm});
    all.insert(all.end(), report.mtp_loss.begin(), report.mtp_loss.end());
    for (const LayerLoad& load : report.layers) all.push_back(load.max_over_mean);
  }
  all.push_back(static_cast<double>(run.state_hash()));
  return all;
}

TEST(Mtp, LearnsBesideTheModel) {
  SmallRun run = whole_world(with_modules(), widest_degree({}));
  const StepReport first = run.step(0);
  run.losses(1, 7);
  const StepReport last = run.step(7);
  ASSERT_THAT(first.mtp_loss, SizeIs(2));
  for (std::size_t module = 0; module < 2; ++module)
    EXPECT_LT(last.mtp_loss[module], first.mtp_loss[module] - 0.02);
  // Two layers, one of them with experts, and the modules' blocks after them.
  ASSERT_THAT(first.layers, SizeIs(3));
  EXPECT_EQ(first.layers[2].layer, 3);
}

// Without a weight the modules are left out of a step, and all else has the bits of a model without
// them; with one, the first loss still has.
TEST(Mtp, AWeightOfZeroLeavesEveryBitOfTheModel) {
  SmallConfig config = with_modules();
  config.train.mtp_weight = 0.0;
  SmallRun off = whole_world(config, 1), without = whole_world({}, 1),
           on = whole_world(with_modules(), 1);
  std::vector<double> losses = without.losses(0, 4);
  EXPECT_EQ(off.losses(0, 4), losses);
  expect_same_values(off.model().params(), without.model().params());
  const StepReport last = off.step(4);
  EXPECT_THAT(last.mtp_loss, SizeIs(0));
  EXPECT_THAT(last.layers, SizeIs(1));
  const std::vector<double> weighted = on.losses(0, 2);
  EXPECT_EQ(weighted[0], losses[0]);
  EXPECT_NE(weighted[1], losses[1]);
}

// With experts that move, some in copies, with blocks that are computed again, and with gates that
// keep biases and counts.
TEST(Mtp, AnyLayoutHasTheSameBits) {
  SmallConfig dense = with_modules(1);
  dense.model.dense_layers = {0, 1};
  SmallConfig sigmoid = with_modules(3);
  sigmoid.router = {.gate = GateKind::sigmoid,
                    .bias_rate = 0.05F,
                    .balance_over = BalanceOver::global_batch,
                    .capacity_factor = 0.9};
  sigmoid.model.tie_embeddings = false;
  sigmoid.model.dropout = {.weights = 0.2, .ffn = 0.1, .residual = 0.1, .embedding = 0.1};
  for (SmallConfig config : {with_modules(), dense, sigmoid}) {
    SmallRun one(config, make_single_comm(), 1);
    const std::vector<double> alone = result(one, 0, 4);
    SmallRun spread = whole_world(config, widest_degree(config));
    EXPECT_EQ(result(spread, 0, 4), alone);
    config.threads = 2;
    config.recompute_layers = 4;
    config.rebalance_every = 1;
    config.router.extra_copies = is_all_dense(config.model) ? 0 : 2;
    SmallRun moving = whole_world(config, largest_divisor(test_world().size(), 2));
    EXPECT_EQ(result(moving, 0, 4), alone) << "moving, copied and computed again";
  }
}

TEST(Mtp, ResumeOnAnotherLayoutEqualsNotStopping) {
  SmallConfig config = with_modules();
  config.router = {.gate = GateKind::sigmoid, .bias_rate = 0.05F};
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
    EXPECT_EQ(num_mtp_modules(reader), 2);
  });
  EXPECT_EQ(second.losses(2, 5), std::vector<double>(expected.begin() + 2, expected.end()));
  EXPECT_EQ(second.state_hash(), straight.state_hash());
}

// A run takes the modules that a model has, draws those that it lacks as it draws all weights, and
// leaves out those beyond model.mtp_depth.
TEST(Mtp, AnInitialModelMayHaveOtherModules) {
  const RouterConfig router{.gate = GateKind::sigmoid, .bias_rate = 0.05F};
  const auto config_with = [&](int depth) {
    SmallConfig config = with_modules(depth);
    config.router = router;
    return config;
  };
  const SharedScratch folder(test_world());
  SmallRun source = whole_world(config_with(1), 1);
  source.losses(0, 3);
  const std::filesystem::path checkpoint = save(source, folder.path(), 3);
  SmallRun fresh = whole_world(config_with(2), widest_degree({}));
  for (const int depth : {0, 1, 2}) {
    SmallConfig config = config_with(depth);
    config.draw_weights = false;
    SmallRun run = whole_world(config, widest_degree(config));
    agree(test_world(), [&] { run.trainer().initialize(CheckpointReader(checkpoint)); });
    const Params& params = run.model().params();
    for (ParamId id = 0; id < params.num_params(); ++id) {
      const std::string& name = params.spec(id).name;
      const Params& from = (mtp_module_of_param(name) < 1 ? source : fresh).model().params();
      EXPECT_TRUE(same_bytes(params.value(id), from.value(from.find(name)))) << name;
    }
    EXPECT_EQ(run.step(3).loss, source.step(3).loss) << depth;
    source.trainer().load(CheckpointReader(checkpoint), CheckpointReader(checkpoint).fields());
  }
}

// Evaluation of a run leaves the modules out, and inference does not even hold them.
TEST(Mtp, InferenceHasNoModules) {
  const SharedScratch folder(test_world());
  SmallRun run = whole_world(with_modules(), 1);
  run.losses(0, 2);
  const std::filesystem::path checkpoint = save(run, folder.path(), 2);
  Transformer::Options options = run.model().options();
  options.use = ParamUse::inference;
  Transformer model(with_modules().model, {}, options, run.mesh());
  agree(test_world(), [&] { load_values(CheckpointReader(checkpoint), model); });
  for (const Param& param : model.params().all())
    EXPECT_LT(mtp_module_of_param(param.spec.name), 0) << param.spec.name;
  const StepData data = run.data().step(5);
  StepSums sums = model.empty_sums(), of_run = run.model().empty_sums();
  for (const Batch& batch : data.micro_batches) {
    model.forward(batch, run.stream());
    model.evaluate(data.loss_tokens, sums, run.stream());
    run.model().forward(batch, run.stream());
    run.model().evaluate(data.loss_tokens, of_run, run.stream());
  }
  EXPECT_NE(sums.loss(), 0);
  EXPECT_EQ(sums.loss(), of_run.loss());
  EXPECT_EQ(of_run.mtp_targets(0), 0);
}

// Choices of the modules' gates are recorded as those of the blocks after the layers, and replayed.
TEST(Mtp, ATapeHoldsTheModulesRoutes) {
  const SharedScratch folder(test_world());
  const int rank = test_world().rank();
  SmallConfig config = with_modules(1);
  config.router.record = folder.path() / "routes";
  std::vector<double> losses;
  {
    RunTape tape(config.router, config.model.num_experts, 1, 1, rank);
    losses = whole_world(config, 1, &tape).losses(0, 2);
  }
  test_world().barrier();
  config.zero_routers = true;
  config.router.replay = config.router.record;
  config.router.record = folder.path() / std::to_string(rank);
  {
    RunTape tape(config.router, config.model.num_experts, 1, 1, 0);
    SmallRun run(config, make_single_comm(), 1, &tape);
    run.losses(0, 1);
  }
  const RoutingLogReader all(config.router.replay), again(config.router.record);
  const std::int64_t tokens = config.train.micro_batch_size * config.sequence_length;
  const RoutingShape shape{static_cast<std::int32_t>(tokens), 2};
  std::vector<std::int32_t> first(static_cast<std::size_t>(2 * tokens)), second = first;
  all.read({0, 0, 2}, shape, first);
  again.read({0, 0, 2}, shape, second);
  EXPECT_EQ(first, second);
  test_world().barrier();  // before the folder goes
}

}  // namespace mtp_test
}  // namespace switchyard
