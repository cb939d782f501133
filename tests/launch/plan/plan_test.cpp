#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/plan/memory_plan.h"
#include "launch/plan/step_work.h"
#include "model/transformer/flops.h"
#include "model/transformer/transformer.h"
#include "runtime/comm/mesh.h"
#include "runtime/params/params.h"
#include "tests/launch/plan/small_run.h"
#include "train/matrix/matrix_state.h"

namespace switchyard::plan {
namespace plan_test {

std::int64_t bytes_of(const std::string& name, const std::vector<MemoryKind>& kinds) {
  for (const MemoryKind& kind : kinds) {
    if (kind.name == name) return kind.bytes;
  }
  ADD_FAILURE() << "no kind " << name;
  return 0;
}

// Every kind of layer and gate: the elements that a model declares.
TEST(RunShape, CountsTheElementsOfTheModel) {
  for (const GateKind gate : {GateKind::softmax_topk, GateKind::noisy_topk, GateKind::hash}) {
    Config config = small_config();
    config.router.gate = gate;
    config.model.tie_embeddings = false;
    Mesh mesh = make_mesh(make_single_comm(), 1);
    Transformer model(config.model, config.router, {260, 64, true, 24 * 64, 12}, mesh);
    EXPECT_EQ(shape_on(1, config).total_elements(), model.params().num_elements()) << name_of(gate);
  }
}

TEST(RunShape, CountsAGatedSharedExpertAndAModelWithoutExperts) {
  Config config = small_config();
  config.model.norm_placement = NormPlacement::after;
  config.model.shared_expert_hidden = 24;
  config.model.shared_expert_gate = true;
  config.model.vocabulary = 300;
  for (const int experts : {config.model.num_experts, 0}) {
    config.model.num_experts = experts;
    Mesh mesh = make_mesh(make_single_comm(), 1);
    Transformer model(config.model, config.router, {300, 64, true, 24 * 64, 12}, mesh);
    const RunShape shape = shape_on(1, config);
    EXPECT_EQ(shape.total_elements(), model.params().num_elements());
    EXPECT_NEAR(
        training_flops_per_token(shape) / (3.0 * forward_flops_per_token(config.model, 2, 300, 64)),
        1.0, 1e-12);
  }
  const RunShape shape = shape_on(4, config);
  EXPECT_EQ(shape.expert_degree, 1);
  EXPECT_EQ(shape.active_elements(), shape.total_elements());
  EXPECT_EQ(step_traffic(shape).rows, 0.0);
  EXPECT_EQ(amount_of("exchange", step_work(shape)) + amount_of("gate", step_work(shape)), 0.0);
  EXPECT_GT(total_bytes(memory_plan(shape, 0)), 0);
}

TEST(RunShape, CountsTheElementsOfAttentionsParts) {
  for (const bool qkv : {false, true}) {
    Config config = small_config();
    config.model.qk_norm = QkNorm::projection;
    config.model.qkv_bias = qkv;
    config.model.o_bias = !qkv;
    Mesh mesh = make_mesh(make_single_comm(), 1);
    Transformer model(config.model, config.router, {260, 64, true, 24 * 64, 12}, mesh);
    EXPECT_EQ(shape_on(1, config).total_elements(), model.params().num_elements());
  }
}

// Counted by the names of the model's parameters.
TEST(RunShape, FrozenParametersHaveNoGradientsAndNoMoments) {
  Config config = small_config();
  config.train.freeze = {"experts", "layer0.*"};
  Mesh mesh = make_mesh(make_single_comm(), 1);
  Transformer model(config.model, config.router, {260, 64, true, 24 * 64, 12}, mesh);
  std::int64_t of_layer0 = 0;
  for (const Param& param : model.params().all())
    if (param.spec.name.starts_with("layer0.")) of_layer0 += param.spec.shape.size();
  const RunShape shape = shape_on(4, config), plain = shape_on(4);
  EXPECT_EQ(shape.frozen_dense, of_layer0);
  EXPECT_EQ(shape.trained_dense_elements(), plain.dense_elements() - of_layer0);
  EXPECT_EQ(shape.trained_expert_elements(), 0);
  EXPECT_EQ(bytes_of("gradients", memory_plan(shape, 0)), 8 * shape.trained_dense_elements());
  EXPECT_EQ(bytes_of("values", memory_plan(shape, 0)), bytes_of("values", memory_plan(plain, 0)));
  config.train.freeze = {"expert"};
  EXPECT_THROW(shape_on(4, config), Error);
}

TEST(RunShape, CountsSumsOfProducts) {
  Config low_rank = small_config(), adapter = small_config();
  low_rank.model.shared_expert_hidden = adapter.model.shared_expert_hidden = 24;
  low_rank.model.low_rank = {.rank = 8, .layers = {0, 2}};
  adapter.model.adapter = {
      .rank = 3,
      .targets = {"experts", "attention", "ffn", "*.router", "layer1.shared.up"},
      .train = {"*"}};
  for (const Config& config : {low_rank, adapter}) {
    Mesh mesh = make_mesh(make_single_comm(), 1);
    Transformer model(config.model, config.router, {260, 64, true, 24 * 64, 12}, mesh);
    const RunShape shape = shape_on(1, config);
    EXPECT_EQ(shape.total_elements(), model.params().num_elements());
    EXPECT_EQ(shape.trained_dense_elements() + shape.trained_expert_elements(),
              model.params().num_elements());
    EXPECT_NEAR(
        training_flops_per_token(shape) / (3.0 * forward_flops_per_token(config.model, 2, 260, 64)),
        1.0, 1e-12);
  }
  // The gradients of frozen matrices are products that nobody computes.
  double gradients = 0.0;
  Mesh mesh = make_mesh(make_single_comm(), 1);
  Transformer model(adapter.model, adapter.router, {260, 64, true, 24 * 64, 12}, mesh);
  for (const Param& param : model.params().all()) {
    const ParamSpec& spec = param.spec;
    if (is_adapter(spec.name) || spec.shape.num_dims() != 2) continue;
    const double times = !spec.expert ? 1.0 : spec.expert->expert == 0 ? 2.0 : 0.0;  // top_k
    gradients += 2.0 * times * static_cast<double>(spec.shape.size());
  }
  const double all = training_flops_per_token(shape_on(1, adapter));
  adapter.model.adapter.train = {};
  EXPECT_NEAR(training_flops_per_token(shape_on(1, adapter)), all - gradients, 1e-6 * all);
}

// A module is a block of the last layer's kind, two square matrices, three norms and another pass
// through the head.
TEST(RunShape, CountsModulesOfMultiTokenPrediction) {
  for (const std::vector<std::int64_t>& dense : {std::vector<std::int64_t>{0}, {0, 2}}) {
    Config config = small_config();
    config.model.dense_layers = dense;
    config.model.mtp_depth = 2;
    Mesh mesh = make_mesh(make_single_comm(), 1);
    Transformer model(config.model, config.router, {260, 64, true, 24 * 64, 12}, mesh);
    const RunShape shape = shape_on(1, config);
    EXPECT_EQ(shape.total_elements(), model.params().num_elements());
    config.train.freeze = {"mtp1.*"};
    EXPECT_GT(shape_on(1, config).frozen_elements(), 0);
    EXPECT_EQ(shape_on(1, config).total_elements(), model.params().num_elements());

    ModelConfig deeper = config.model;
    deeper.num_layers += 2;
    if (dense.size() > 1) deeper.dense_layers.insert(deeper.dense_layers.end(), {3, 4});
    const double projections = 4.0 * 2.0 * static_cast<double>(deeper.hidden * deeper.hidden),
                 heads = 2.0 * 2.0 * 260.0 * static_cast<double>(deeper.hidden);
    const double flops = forward_flops_per_token(deeper, 2, 260, 64) + projections + heads;
    EXPECT_NEAR(training_flops_per_token(shape) / (3.0 * flops), 1.0, 1e-12);

    // Modules without a weight are held, and not computed.
    config.train.freeze.clear();
    config.train.mtp_weight = 0.0;
    const RunShape idle = shape_on(1, config);
    config.model.mtp_depth = 0;
    const RunShape without = shape_on(1, config);
    EXPECT_EQ(training_flops_per_token(idle), training_flops_per_token(without));
    EXPECT_EQ(bytes_of("activations", memory_plan(idle, 0)),
              bytes_of("activations", memory_plan(without, 0)));
    EXPECT_EQ(idle.total_elements(), shape.total_elements());
    EXPECT_LT(idle.total_elements() - without.total_elements(), without.total_elements());
    EXPECT_EQ(step_traffic(idle).rows, step_traffic(without).rows);
  }
}

// Values as the model allocates them, but for the ends of lines; of moments each rank keeps its
// own.
TEST(MemoryPlan, CountsMatricesThatAreKeptAsCodes) {
  Config config = small_config();
  config.train.values = ValueFormat::int8;
  const RunShape shape = shape_on(1, config), plain = shape_on(1);
  EXPECT_EQ(shape.total_elements(), plain.total_elements());
  Transformer::Options options{260, 64, true, 24 * 64, 12};
  options.states = matrix_states(config.train);
  Mesh mesh = make_mesh(make_single_comm(), 1);
  Transformer model(config.model, config.router, options, mesh);
  std::int64_t bytes = 0, largest = 0;
  for (const Param& param : model.params().all()) {
    const std::int64_t size = param.spec.shape.size();
    bytes += param.state.packed ? size + 4 * param.spec.shape[0] : 4 * size;
    if (param.state.packed) largest = std::max(largest, size);
  }
  const auto memory = memory_plan(shape, 0), memory_of_plain = memory_plan(plain, 0);
  EXPECT_EQ(bytes_of("values", memory), bytes);
  EXPECT_LT(2 * bytes, bytes_of("values", memory_of_plain));
  EXPECT_EQ(bytes_of("decoded weights", memory), 4 * largest);
  EXPECT_EQ(bytes_of("gradients", memory), bytes_of("gradients", memory_of_plain));
  EXPECT_EQ(bytes_of("moments", memory), bytes_of("moments", memory_of_plain));
  EXPECT_NEAR(amount_of("optimizer", step_work(shape)), amount_of("optimizer", step_work(plain)),
              1.0);
  for (const PartWork& work : step_work(shape)) EXPECT_NE(work.part, "matrices");
  // Half of the values of two ranks travel, as bytes.
  const RunShape two = shape_on(2, config);
  EXPECT_LT(2.0 * step_traffic(two).values, step_traffic(shape_on(2)).values);
}

TEST(RunShape, TheBusiestRankHasTheMostMicroBatchesAndExperts) {
  const RunShape shape = shape_on(5);  // 12 micro-batches; eight experts over five ranks
  EXPECT_EQ(shape.rounds, 3);
  EXPECT_EQ(shape.expert_degree, 5);
  EXPECT_EQ(shape.hosted_experts(), 2);
}

TEST(RunShape, MoreRanksThanMicroBatchesAreAnError) { EXPECT_THROW(shape_on(13), Error); }

TEST(MemoryPlan, MomentsAreSharedByTheRanks) {
  const auto alone = memory_plan(shape_on(1), 0), four = memory_plan(shape_on(4), 0);
  EXPECT_NEAR(static_cast<double>(bytes_of("moments", four)),
              static_cast<double>(bytes_of("moments", alone)) / 4, 16.0);
  EXPECT_EQ(bytes_of("gradients", alone), 2 * bytes_of("values", alone));
}

TEST(MemoryPlan, RefusesWhatDoesNotFitAndSaysWhatToDo) {
  const RunShape shape = shape_on(4);
  const std::int64_t needed = 4 * total_bytes(memory_plan(shape, 1 << 20));
  EXPECT_FALSE(memory_problem(shape, 1 << 20, needed));
  const auto problem = memory_problem(shape, 1 << 20, needed - 1);
  ASSERT_TRUE(problem.has_value());
  EXPECT_THAT(*problem, testing::HasSubstr("makes it fit"));
}

// A single rank of a dense model: no layout helps, and a micro-batch of one row cannot be halved.
TEST(MemoryPlan, AdviceIsPossible) {
  Config config = small_config();
  config.train.global_batch_size = config.train.micro_batch_size = 1;
  config.train.moments = FloatFormat::bf16;
  config.train.recompute_layers = 3;
  const RunShape shape = shape_on(1, config);
  const auto hopeless = memory_problem(shape, 0, 1 << 10);
  EXPECT_THAT(hopeless.value_or(""), testing::HasSubstr("use a smaller model, or more memory"));

  config.train.recompute_layers = 0;
  const std::int64_t enough = total_bytes(memory_plan(shape, 0));
  const auto problem = memory_problem(shape_on(1, config), 0, enough);
  EXPECT_THAT(problem.value_or(""),
              testing::EndsWith("What makes it fit: train.recompute_layers = 3"));
}

TEST(MemoryPlan, FewerRanksOnANodeLeaveEachItsShare) {
  const RunShape shape = shape_on(4);
  const std::int64_t of_rank = total_bytes(memory_plan(shape, 0));
  EXPECT_THAT(memory_problem(shape, 0, 2 * of_rank).value_or(""),
              testing::HasSubstr("2 ranks per node on 2 nodes"));
}

TEST(MemoryPlan, AGpuHoldsTheModelAndTheHostTheRest) {
  Config config = small_config();
  config.run.device = Device::Kind::cuda;
  config.train.precision = FloatFormat::bf16;
  const RunShape shape = shape_on(4, config);
  const auto kinds = memory_plan(shape, 1 << 20);
  EXPECT_EQ(host_bytes(kinds), bytes_of("checkpoint copy", kinds) + (1 << 20));
  EXPECT_EQ(2 * bytes_of("rounded values", kinds), bytes_of("values", kinds));
  EXPECT_FALSE(gpu_memory_problem(shape, 2, 2 * gpu_bytes(kinds)));
  EXPECT_THAT(gpu_memory_problem(shape, 2, gpu_bytes(kinds)).value_or(""),
              testing::HasSubstr("but a GPU has"));
}

}  // namespace plan_test
}  // namespace switchyard::plan
