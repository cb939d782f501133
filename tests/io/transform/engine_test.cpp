#include "io/transform/engine.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "io/checkpoint/checkpoint.h"
#include "io/transform/copies.h"
#include "io/transform/digest_sink.h"
#include "io/transform/magnitude.h"
#include "io/transform/merge_ops.h"
#include "io/transform/model_comparison.h"
#include "io/transform/quantize_ops.h"
#include "io/transform/ties.h"
#include "runtime/rounding.h"
#include "tests/io/scratch.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace engine_test {

namespace fs = std::filesystem;

// "long" takes two units.
const std::vector<ModelTensor> tensors = {
    {"value/a", {30, 50}}, {"value/long", {1100, 1000}}, {"value/c", {700}}, {"gate/b.bias", {8}}};

float value_of(int model, std::size_t tensor, std::int64_t i) {
  const auto mixed = static_cast<std::uint32_t>(i * 2654435761LL + model * 40503LL +
                                                static_cast<std::int64_t>(tensor) * 97);
  return static_cast<float>(mixed % 1000) / 500 - 1;
}

class Engine : public testing::Test {
 protected:
  Engine() {
    for (int model = 0; model < 3; ++model) {
      const fs::path folder = scratch_ / std::to_string(model);
      write_model(folder, model);
      readers_.emplace_back(folder);
    }
    for (const CheckpointReader& reader : readers_) sources_.push_back(&reader);
  }

  void write_model(const fs::path& folder, int model) {
    ModelWriter writer(folder, tensors, {}, world_);
    for (const std::size_t tensor : writer.mine()) {
      std::vector<float> values(static_cast<std::size_t>(tensors[tensor].shape.size()));
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = value_of(model, tensor, static_cast<std::int64_t>(i));
      writer.append(tensor, values);
    }
    writer.commit();
    world_.barrier();
  }

  // TIES of models 0 and 1 over model 2.
  std::vector<TensorPlan> plans(TiesOver over) {
    const MergeSettings merge{{1, 1}, 1.0, 0.2, true};
    const auto shared = std::make_shared<TiesCounting>(merge, over);
    std::vector<TensorPlan> plans;
    for (const ModelTensor& tensor : tensors) {
      const auto counting =
          over == TiesOver::model ? shared : std::make_shared<TiesCounting>(merge, over);
      TensorPart part{tensor.shape.size(), {}, ties_op(counting)};
      for (std::size_t i = 0; i < 3; ++i) part.inputs.push_back({i, tensor.name, 0});
      plans.push_back({tensor, {part}, counting});
    }
    return plans;
  }

  std::string made(TiesOver over) {
    const fs::path folder = scratch_ / "made";
    if (world_.rank() == 0) fs::remove_all(folder);
    world_.barrier();
    ModelWriter writer(folder, tensors, {}, world_);
    run_plans(plans(over), sources_, writer, world_);
    writer.commit();
    const std::string hash = CheckpointReader(folder).hash();
    world_.barrier();
    return hash;
  }

  Comm& world_ = test_world();
  SharedScratch scratch_{world_};
  std::vector<CheckpointReader> readers_;
  std::vector<const CheckpointReader*> sources_;
};

TEST_F(Engine, MakesTheSameBitsOnAnyRanks) {
  EXPECT_EQ(made(TiesOver::model), "39308f590960da1fbbeb1bfd3737396b");
  EXPECT_EQ(made(TiesOver::tensor), "531e11f96afd65d868917d2cc5de01ac");
}

TEST_F(Engine, ComparesWithWhatWasMade) {
  made(TiesOver::model);
  const CheckpointReader model(scratch_ / "made");
  ModelComparison same(model, tensors, world_);
  run_plans(plans(TiesOver::model), sources_, same, world_);
  same.finish();
  ModelComparison other(model, tensors, world_);
  const Thrown thrown =
      thrown_by([&] { run_plans(plans(TiesOver::tensor), sources_, other, world_); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_TRUE(thrown.agreed);
  EXPECT_NE(thrown.message.find("is not what its recipe makes: "), std::string::npos);
}

TEST_F(Engine, HashesWhatItWouldWrite) {
  made(TiesOver::model);
  DigestSink sink(tensors, world_);
  run_plans(plans(TiesOver::model), sources_, sink, world_);
  const std::string digest = sink.digest(world_);
  EXPECT_EQ(broadcast_text(world_, digest, 0), CheckpointReader(scratch_ / "made").digest());
  DigestSink nothing(tensors, world_);
  EXPECT_TRUE(thrown_by([&] { nothing.digest(world_); }).agreed);
}

// bf16 in, bf16 out: the bytes pass; f32 out: they are widened.
TEST_F(Engine, CopiesBytesOfTheSameType) {
  const ModelTensor narrow = {"value/long", {1100, 1000}, DType::bf16};
  const auto copied = [&](const CheckpointReader& from, const std::string& to, DType dtype) {
    const CheckpointReader* const source[] = {&from};
    const TensorPlan plan = copy_plan({narrow.name, narrow.shape, dtype}, 0, narrow.name);
    ModelWriter writer(scratch_ / to, {plan.tensor}, {}, world_);
    run_plans({plan}, source, writer, world_);
    writer.commit();
    return CheckpointReader::open_on_all(scratch_ / to, world_);
  };
  const CheckpointReader first = copied(*sources_[0], "narrow", DType::bf16);
  const CheckpointReader second = copied(first, "again", DType::bf16);
  EXPECT_EQ(second.digest(), first.digest());
  const CheckpointReader wide = copied(second, "wide", DType::f32);
  std::vector<float> a(1'100'000), b(a.size());
  first.read_part(narrow.name, 0, a);
  wide.read_part(narrow.name, 0, b);
  EXPECT_EQ(a, b);
  EXPECT_EQ(a[123'457], value_of_bf16(bf16_of(value_of(0, 1, 123'457))));
}

TEST_F(Engine, ReadsSmallPartsOfATensorInAnyOrder) {
  TensorPlan plan{{"value/rows", {5, 1000}}, {}};
  for (const std::int64_t row : {1099, 0, 262, 261, 700})
    plan.parts.push_back({1000, {{1, "value/long", row * 1000}}, copy_op()});
  ModelWriter writer(scratch_ / "rows", {plan.tensor}, {}, world_);
  run_plans({plan}, sources_, writer, world_);
  writer.commit();
  std::vector<float> values(5000);
  CheckpointReader(scratch_ / "rows").read_part("value/rows", 0, values);
  EXPECT_EQ(values[0], value_of(1, 1, 1'099'000));
  EXPECT_EQ(values[1999], value_of(1, 1, 999));
  EXPECT_EQ(values[2400], value_of(1, 1, 262'400));
  EXPECT_EQ(values[3400], value_of(1, 1, 261'400));
  EXPECT_EQ(values[4999], value_of(1, 1, 700'999));
}

TEST_F(Engine, JoinsPartsOfTensors) {
  const auto copy = average_op({1});
  TensorPlan plan{{"value/joined", {3, 700}}, {}};
  plan.parts.push_back({700, {{2, "value/c", 0}}, copy});
  plan.parts.push_back({1400, {{0, "value/long", 123'456}}, copy});
  ModelWriter writer(scratch_ / "joined", {plan.tensor}, {}, world_);
  run_plans({plan}, sources_, writer, world_);
  writer.commit();
  std::vector<float> values(2100);
  CheckpointReader(scratch_ / "joined").read_part("value/joined", 0, values);
  EXPECT_EQ(values[699], value_of(2, 2, 699));
  EXPECT_EQ(values[700], value_of(0, 1, 123'456));
  EXPECT_EQ(values[2099], value_of(0, 1, 123'456 + 1399));
}

TEST_F(Engine, DamageInASourceIsNamedOnAllRanks) {
  for (const FileEntry& file : readers_[1].files()) {
    for (const Extent& extent : file.extents) {
      if (world_.rank() == 0 && extent.name == "value/long")
        flip_bit(readers_[1].folder() / file.name, extent.offset + 2'000'000);
    }
  }
  world_.barrier();
  const Thrown thrown = thrown_by([&] { made(TiesOver::tensor); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_TRUE(thrown.agreed);
  EXPECT_NE(thrown.message.find("is damaged: chunk"), std::string::npos) << thrown.message;
  world_.barrier();  // rank 0 has removed it
  EXPECT_FALSE(fs::exists(scratch_ / "made"));
}

TEST_F(Engine, CostCountsEveryPass) {
  const TransformCost cost = cost_of(plans(TiesOver::model), sources_, 1);
  std::int64_t bytes = 0;
  for (const ModelTensor& tensor : tensors) bytes += tensor.bytes();
  EXPECT_EQ(cost.passes, 4);
  EXPECT_EQ(cost.read.at(0), 4 * 3 * bytes);
  EXPECT_EQ(cost.written.at(0), bytes);
}

// The first two matrices as codes, the second one across units; readers decode them.
TEST_F(Engine, Quantises) {
  const std::vector<CodeFormat> formats = {{8, 50}, {4, 100}};
  std::vector<TensorPlan> plans;
  std::vector<ModelTensor> coded;
  for (std::size_t i = 0; i < 2; ++i) {
    for (TensorPlan& plan : quantize_plans(tensors[i].name, tensors[i].shape, formats[i])) {
      coded.push_back(plan.tensor);
      plans.push_back(std::move(plan));
    }
  }
  const fs::path folder = scratch_ / "coded";
  ModelWriter writer(folder, coded, {}, world_);
  run_plans(plans, sources_, writer, world_);
  writer.commit();
  world_.barrier();
  const CheckpointReader reader(folder);
  EXPECT_EQ(reader.names(), (std::vector<std::string>{"value/a", "value/long"}));
  EXPECT_EQ(reader.held_bytes("value/long"), 1100 * 500 + 1100 * 10 * 4);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string& name = tensors[i].name;
    EXPECT_EQ(reader.shape(name), tensors[i].shape);
    EXPECT_EQ(reader.dtype(name), DType::f32);
    EXPECT_EQ(reader.format(name), formats[i]);
    const Buffer values(tensors[i].shape, DType::f32);
    reader.read(name, values);
    const CheckpointReader::Codes codes = reader.read_codes(name);
    const auto group = static_cast<std::size_t>(formats[i].group);
    for (std::int64_t e = 0; e < values.tensor().size(); ++e) {
      const float scale = codes.scales[static_cast<std::size_t>(e) / group];
      EXPECT_NEAR(values.tensor().as<float>()[e], value_of(0, i, e), 0.5001F * scale);
    }
    std::vector<float> part(1234);
    reader.read_part(name, 77, part);
    EXPECT_EQ(
        std::memcmp(part.data(), values.tensor().as<float>() + 77, sizeof(float) * part.size()), 0);
  }
  EXPECT_THROW(reader.read_codes("value/c"), Error);
}

// The smallest of each matrix, or of both, by the rule of the authors of SparseGPT and Wanda.
TEST_F(Engine, PrunesByMagnitude) {
  for (const bool together : {false, true}) {
    std::vector<TensorPlan> plans;
    std::shared_ptr<MagnitudeCounting> counting;
    std::vector<std::vector<float>> magnitudes(2);
    for (std::size_t i = 0; i < 2; ++i) {
      if (!together || i == 0) counting = std::make_shared<MagnitudeCounting>(0.3);
      const std::int64_t size = tensors[i].shape.size();
      plans.push_back(
          {tensors[i], {{size, {{0, tensors[i].name}}, magnitude_op(counting)}}, counting});
      for (std::int64_t e = 0; e < size; ++e)
        magnitudes[together ? 0 : i].push_back(std::abs(value_of(0, i, e)));
    }
    const fs::path folder = scratch_ / (together ? "together" : "apart");
    ModelWriter writer(folder, {tensors[0], tensors[1]}, {}, world_);
    run_plans(plans, sources_, writer, world_);
    writer.commit();
    world_.barrier();
    const CheckpointReader reader(folder);
    for (std::vector<float>& each : magnitudes) std::ranges::sort(each);
    for (std::size_t i = 0; i < 2; ++i) {
      const std::vector<float>& sorted = magnitudes[together ? 0 : i];
      const float threshold =
          sorted[static_cast<std::size_t>(0.3 * static_cast<double>(sorted.size()))];
      const Buffer values(tensors[i].shape, DType::f32);
      reader.read(tensors[i].name, values);
      for (std::int64_t e = 0; e < values.tensor().size(); ++e) {
        const float weight = value_of(0, i, e);
        EXPECT_EQ(values.tensor().as<float>()[e], std::abs(weight) <= threshold ? 0.0F : weight);
      }
    }
  }
}

}  // namespace engine_test
}  // namespace switchyard
