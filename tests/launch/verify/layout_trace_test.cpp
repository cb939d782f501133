#include "launch/verify/layout_trace.h"

#include <gmock/gmock.h>

#include <fstream>

#include "launch/verify/verified_layout.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace {

using testing::ElementsAre;

LayoutTrace two_steps() {
  const std::vector<TensorHash> step = {{StepPart::forward, "embedding", 1},
                                        {StepPart::forward, "layer0.output", 2},
                                        {StepPart::gradient, "layer1.ffn.up", 3},
                                        {StepPart::gradient, "layer0.ffn.up", 4},
                                        {StepPart::update, "layer0.ffn.up", 5}};
  return {.layout = "ranks=1", .steps = {step, step}, .problems = {"", ""}};
}

TEST(LayoutTrace, NamesTheFirstPartOfTheStepThatDiffers) {
  const LayoutTrace sound = two_steps();
  EXPECT_FALSE(first_difference(sound, sound));
  LayoutTrace other = two_steps();
  other.steps[1][4].hash ^= 1;
  auto found = first_difference(sound, other);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->step, 1U);
  EXPECT_EQ(found->part, StepPart::update);
  EXPECT_THAT(found->tensors, ElementsAre("layer0.ffn.up"));
  other.steps[1][3].hash ^= 1;
  other.steps[1][2].hash ^= 1;
  found = first_difference(sound, other);
  EXPECT_EQ(found->part, StepPart::gradient);
  EXPECT_THAT(found->tensors, ElementsAre("layer1.ffn.up", "layer0.ffn.up"));
  other.steps[0][1].hash ^= 1;
  found = first_difference(sound, other);
  EXPECT_EQ(found->step, 0U);
  EXPECT_EQ(found->part, StepPart::forward);
}

TEST(LayoutTrace, ATensorOrStepThatOneLacksDiffers) {
  const LayoutTrace sound = two_steps();
  LayoutTrace other = two_steps();
  other.steps[1].erase(other.steps[1].begin() + 2);
  for (const auto& found : {first_difference(sound, other), first_difference(other, sound)}) {
    ASSERT_TRUE(found);
    EXPECT_EQ(found->step, 1U);
    EXPECT_THAT(found->tensors, ElementsAre("layer1.ffn.up"));
  }
  other = two_steps();
  other.steps.pop_back();
  EXPECT_EQ(first_difference(sound, other)->step, 1U);
}

TEST(LayoutTrace, FilesComeBack) {
  const Scratch scratch;
  const auto file = scratch.path() / "traces.json";
  LayoutTrace trace = two_steps();
  trace.steps[0][0].hash = ~std::uint64_t{0};
  write_traces({trace}, file);
  const std::vector<LayoutTrace> read = read_traces(file);
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].layout, trace.layout);
  EXPECT_EQ(read[0].steps, trace.steps);
  std::ofstream(file) << R"({"kind": "layout traces", "version": 1, "traces": [{"layout": 3}]})";
  EXPECT_THROW(read_traces(file), Error);
}

TEST(VerifiedLayout, ParsesRanksAndKeys) {
  const VerifiedLayout layout = parse_layout("ranks=4 parallel.experts=2 run.threads=3", 4);
  EXPECT_EQ(layout.ranks, 4);
  EXPECT_THAT(layout.sets, ElementsAre("parallel.experts=2", "run.threads=3"));
  EXPECT_EQ(layout.name(), "ranks=4 parallel.experts=2 run.threads=3");
  for (const char* wrong : {"", "ranks=5", "ranks=0", "ranks=2x", "parallel.experts=2"})
    EXPECT_THROW(parse_layout(wrong, 4), Error) << wrong;
}

TEST(VerifiedLayout, TriesEachDegreeThatTheExpertsAllow) {
  Config config;
  config.model.num_experts = 3;
  std::vector<std::string> names;
  for (const VerifiedLayout& layout : default_layouts(config, 4)) names.push_back(layout.name());
  EXPECT_THAT(names,
              ElementsAre("ranks=1", "ranks=4 parallel.experts=2", "ranks=4 parallel.experts=1"));
}

// What a hash is made of: neither the order of micro-batches nor their ranks matter, every bit and
// every place does.
std::uint64_t hash_of(const std::vector<std::pair<int, std::vector<float>>>& batches) {
  StepHashes hashes;
  Stream stream = Stream::cpu(1);
  for (const auto& [index, values] : batches) {
    Batch batch;
    batch.index = index;
    hashes.saw("embedding", batch, tensor_of(values.data(), Shape{std::ssize(values), 1}), stream);
  }
  return hashes.forward("embedding");
}

TEST(StepHashes, DependOnBitsAndPlacesAlone) {
  const std::uint64_t sound = hash_of({{0, {1.0F, 2.0F}}, {1, {3.0F, 4.0F}}});
  EXPECT_EQ(hash_of({{1, {3.0F, 4.0F}}, {0, {1.0F, 2.0F}}}), sound);
  EXPECT_EQ(hash_of({{0, {1.0F, 2.0F}}}) + hash_of({{1, {3.0F, 4.0F}}}), sound);
  EXPECT_NE(hash_of({{0, {2.0F, 1.0F}}, {1, {3.0F, 4.0F}}}), sound);
  EXPECT_NE(hash_of({{1, {1.0F, 2.0F}}, {0, {3.0F, 4.0F}}}), sound);
  EXPECT_NE(hash_of({{0, {1.0F, 2.0F}}, {1, {3.0F, -4.0F}}}), sound);
}

}  // namespace
}  // namespace switchyard
