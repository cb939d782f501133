// Runs whose matrices are int8 codes (train.values), on any layout.
#include <gtest/gtest.h>

#include <cstring>

#include "model/param_role.h"
#include "runtime/comm/agree.h"
#include "tests/io/scratch.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"
#include "train/state/load_state.h"

namespace switchyard {
namespace int8_values_test {

SmallConfig coded(CodeRounding rounding = CodeRounding::chance) {
  SmallConfig config;
  config.train.values = ValueFormat::int8;
  config.train.int8_rounding = rounding;
  return config;
}

int widest_degree(const SmallConfig& config) {
  return largest_divisor(test_world().size(), config.model.num_experts);
}

SmallRun whole_world(const SmallConfig& config, int degree) {
  return {config, test_world().split(0, test_world().rank()), degree};
}

std::filesystem::path save(SmallRun& run, const std::filesystem::path& folder, std::int64_t step) {
  return save_checkpoint(folder, step, 1, run.trainer().owned_state().tensors, run.trainer().meta(),
                         test_world(), run.stream());
}

std::vector<double> result(SmallRun run, std::int64_t steps) {
  std::vector<double> all = run.losses(0, steps);
  all.push_back(static_cast<double>(run.state_hash()));
  return all;
}

// With experts that move and have copies, layers that are computed again, and moments in bf16.
TEST(Int8Values, AnyLayoutHasTheSameBits) {
  SmallConfig bf16 = coded();
  bf16.train.moments = FloatFormat::bf16;
  bf16.model.mtp_depth = 1;
  for (SmallConfig config : {coded(), coded(CodeRounding::nearest), bf16}) {
    const std::vector<double> alone = result(SmallRun(config, make_single_comm(), 1), 4);
    EXPECT_EQ(result(whole_world(config, widest_degree(config)), 4), alone);
    config.threads = 2;
    config.recompute_layers = 2;
    config.rebalance_every = 1;
    config.router.extra_copies = 2;
    EXPECT_EQ(result(whole_world(config, largest_divisor(test_world().size(), 2)), 4), alone)
        << "moving experts, and copies";
    EXPECT_EQ(result(whole_world(config, 1), 4), alone) << "replicas";
  }
}

// A matrix of attention, of a feed-forward network or of an expert takes a byte for each weight and
// four for each row; rounded up to lines of 64 bytes.
TEST(Int8Values, MemoryIsAByteForEachWeight) {
  SmallRun run = whole_world(coded(), 1), plain = whole_world({}, 1);
  const Params& params = run.model().params();
  std::int64_t packed = 0, others = 0, in_packed = 0;
  for (const Param& param : params.all()) {
    const ParamId id = params.find(param.spec.name);
    const ParamRole role = role_of_param(param.spec.name);
    const bool matrix = role == ParamRole::attention || role == ParamRole::ffn ||
                        role == ParamRole::experts || role == ParamRole::shared;
    EXPECT_EQ(params.packed(id), matrix && param.spec.shape.num_dims() == 2) << param.spec.name;
    if (!params.packed(id)) continue;
    const Shape& shape = param.spec.shape;
    packed += (4 * shape[0] + shape.size() + 63) / 64 * 64;
    in_packed += in_blocks(shape.size());
  }
  std::int64_t bytes = 0, bytes_of_plain = 0;
  for (const ParamRegion& region : params.regions()) {
    bytes += region.values().bytes();
    if (region.owning() != Owning::packed) others += region.values().bytes();
  }
  for (const ParamRegion& region : plain.model().params().regions())
    bytes_of_plain += region.values().bytes();
  EXPECT_EQ(bytes, packed + others);
  EXPECT_EQ(bytes_of_plain, others + 4 * in_packed);
}

TEST(Int8Values, ResumeOnAnotherLayoutEqualsNotStopping) {
  SmallConfig config = coded();
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
    EXPECT_TRUE(reader.format("value/layer1.expert2.up").has_value());
    EXPECT_FALSE(reader.format("value/layer1.router").has_value());
    EXPECT_FALSE(reader.format("value/embedding").has_value());
  });
  EXPECT_EQ(second.losses(2, 5), std::vector<double>(expected.begin() + 2, expected.end()));
  EXPECT_EQ(second.state_hash(), straight.state_hash());
}

// Evaluation multiplies the checkpoint's codes as they are, and a run in f32 begins with what they
// say.
TEST(Int8Values, InferenceAndOtherRunsReadTheCodes) {
  const SharedScratch folder(test_world());
  SmallRun run = whole_world(coded(), 1);
  run.losses(0, 3);
  const std::filesystem::path checkpoint = save(run, folder.path(), 3);
  const CheckpointReader reader(checkpoint);
  Transformer::Options options = run.model().options();
  options.use = ParamUse::inference;
  options.formats = [&](std::string_view name) {
    return reader.format("value/" + std::string(name));
  };
  Transformer model(coded().model, {}, options, run.mesh());
  agree(test_world(), [&] { load_values(reader, model); });
  EXPECT_NE(model.params().codes(model.params().find("layer0.ffn.up")), nullptr);
  SmallConfig plain;
  plain.draw_weights = false;
  SmallRun in_f32 = whole_world(plain, widest_degree(plain));
  agree(test_world(), [&] { in_f32.trainer().initialize(reader); });
  const StepData data = run.data().step(7);
  const auto loss_of = [&](Transformer& of) {
    StepSums sums = of.empty_sums();
    for (const Batch& batch : data.micro_batches) {
      of.forward(batch, run.stream());
      of.evaluate(data.loss_tokens, sums, run.stream());
    }
    return of.loss_format().value(sums.loss());
  };
  const double trained = loss_of(run.model());
  EXPECT_GT(trained, 0.0);
  EXPECT_NEAR(loss_of(model), trained, 1e-5 * trained);
  EXPECT_EQ(loss_of(in_f32.model()), trained);  // the same products of the same weights
}

// Weights in f32 become the nearest codes.
TEST(Int8Values, AnInitialModelInF32IsRounded) {
  const SharedScratch folder(test_world());
  SmallRun source = whole_world({}, 1);
  source.losses(0, 2);
  const std::filesystem::path checkpoint = save(source, folder.path(), 2);
  SmallConfig config = coded();
  config.draw_weights = false;
  SmallRun run = whole_world(config, widest_degree(config));
  agree(test_world(), [&] { run.trainer().initialize(CheckpointReader(checkpoint)); });
  const Params& params = run.model().params();
  for (ParamId id = 0; id < params.num_params(); ++id) {
    const Params& from = source.model().params();
    const Tensor expected = from.value(from.find(params.spec(id).name));
    if (!params.packed(id)) continue;
    const RowCodes rows = params.row_codes(id);
    const std::int64_t cols = rows.codes.cols();
    for (std::int64_t i = 0; i < expected.size(); ++i) {
      const float scale = rows.scales.as<float>()[i / cols];
      const float weight = scale * static_cast<const std::int8_t*>(rows.codes.data)[i];
      ASSERT_LE(std::abs(weight - expected.as<float>()[i]), 0.5001F * scale)
          << params.spec(id).name;
    }
  }
}

}  // namespace int8_values_test
}  // namespace switchyard
