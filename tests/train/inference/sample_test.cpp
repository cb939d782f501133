#include "train/inference/sample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "runtime/product/matmul.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace sample_test {

constexpr std::int64_t context = 32;
constexpr std::int32_t never = -2;  // an end token that no model chooses

SmallConfig sample_config() {
  SmallConfig config;
  config.sequence_length = context;
  return config;
}

// A model that has learned a little, on all ranks; the widest expert degree.
SmallRun trained(const SmallConfig& config) {
  const int degree = largest_divisor(test_world().size(), config.model.num_experts);
  SmallRun run(config, test_world().split(0, test_world().rank()), degree);
  run.losses(0, 3);
  return run;
}

// The likeliest next tokens, with every earlier token computed anew each time.
Tokens without_a_past(SmallRun& run, Tokens text, std::int64_t count) {
  Tokens generated;
  std::vector<float> logits(static_cast<std::size_t>(run.model().options().vocabulary));
  for (std::int64_t i = 0; i < count; ++i) {
    Tokens tokens = text;
    tokens.resize(static_cast<std::size_t>(padded_rows(std::ssize(text))));
    Tokens targets(tokens.size(), -1), positions(tokens.size());
    std::iota(positions.begin(), positions.end(), 0);
    const std::int64_t length = std::ssize(tokens);
    const Batch batch{0,
                      1,
                      length,
                      tensor_of(tokens.data(), {length}),
                      tensor_of(targets.data(), {length}),
                      tensor_of(positions.data(), {length})};
    run.model().forward(batch, run.stream());
    run.model().logits(std::ssize(text) - 1, tensor_of(logits.data(), {1, std::ssize(logits)}),
                       run.stream());
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    generated.push_back(static_cast<std::int32_t>(best));
    text.push_back(generated.back());
  }
  return generated;
}

std::vector<SampledText> sampled(SmallRun& run, const std::vector<Tokens>& prompts,
                                 const SampleConfig& config, std::int32_t end = never) {
  return generate(run.model(), prompts, context, end, config, run.stream(), {});
}

std::vector<Tokens> likeliest(SmallRun& run, const std::vector<Tokens>& prompts, std::int64_t count,
                              std::int32_t end = never) {
  std::vector<Tokens> texts;
  for (SampledText& text : sampled(run, prompts, {.max_tokens = count, .temperature = 0}, end)) {
    texts.push_back(std::move(text.tokens));
  }
  return texts;
}

const std::vector<Tokens> prompts = {
    {3}, {7, 8, 9}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}};

TEST(Sample, APastChoosesTheTokensThatComputingAllAnewChooses) {
  SmallRun run = trained(sample_config());
  const std::vector<Tokens> texts = likeliest(run, prompts, 16);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    EXPECT_EQ(texts[i], without_a_past(run, prompts[i], 16)) << "prompt " << i;
  }
  Tokens all = texts[0];
  all.insert(all.end(), texts[2].begin(), texts[2].end());
  EXPECT_GT(std::set(all.begin(), all.end()).size(), 3U);  // not the same token again and again
}

// The table has more rows than the tokenizer has ids.
TEST(Sample, OnlyIdsOfTheTokenizerAreDrawn) {
  SmallRun run = trained(sample_config());
  for (const double temperature : {0.0, 3.0}) {
    const auto largest = [&](std::int64_t num_ids) {
      std::int32_t most = 0;
      for (const SampledText& text : sampled(
               run, prompts, {.max_tokens = 30, .temperature = temperature, .num_ids = num_ids})) {
        EXPECT_FALSE(text.tokens.empty());
        for (const std::int32_t token : text.tokens) most = std::max(most, token);
      }
      return most;
    };
    EXPECT_GE(largest(0), 9);
    EXPECT_LT(largest(9), 9);
  }
}

// The window is shorter than the prompt, and the scaled positions go beyond the original ones.
TEST(Sample, WithAttentionsPartsToo) {
  SmallConfig config = sample_config();
  config.model.qk_norm = QkNorm::projection;
  config.model.qkv_bias = config.model.o_bias = true;
  config.model.window = 5;
  for (const std::vector<std::int64_t>& layers : {std::vector<std::int64_t>{}, {1}}) {
    config.model.window_layers = layers;
    for (const RopeType type : {RopeType::llama3, RopeType::yarn}) {
      config.model.rope = {.type = type, .factor = 4.0, .original_length = 12};
      SmallRun run = trained(config);
      EXPECT_EQ(likeliest(run, {prompts[2]}, 16)[0], without_a_past(run, prompts[2], 16));
    }
  }
}

TEST(Sample, InBf16Too) {
  SmallConfig config = sample_config();
  config.train.precision = FloatFormat::bf16;
  SmallRun run = trained(config);
  EXPECT_EQ(likeliest(run, {prompts[2]}, 12)[0], without_a_past(run, prompts[2], 12));
}

// Full at 32 tokens: the logits of the 33rd are those after the last 16.
TEST(Sample, AFullTextGoesOnFromItsLaterHalf) {
  SmallRun run = trained(sample_config());
  const Tokens text = likeliest(run, {prompts[2]}, 22)[0];
  Tokens all = prompts[2];
  all.insert(all.end(), text.begin(), text.begin() + 18);
  ASSERT_EQ(all.size(), 32U);
  EXPECT_EQ(Tokens(text.begin() + 18, text.end()),
            without_a_past(run, Tokens(all.end() - 16, all.end()), 4));
}

TEST(Sample, ATextEndsBeforeTheEndTokenAndTheOthersGoOn) {
  SmallRun run = trained(sample_config());
  const std::vector<Tokens> endless = likeliest(run, prompts, 10);
  const std::int32_t end = endless[0][0];
  const std::vector<Tokens> texts = likeliest(run, prompts, 10, end);
  EXPECT_TRUE(texts[0].empty());
  for (std::size_t i = 1; i < prompts.size(); ++i) {
    const auto stop = std::find(endless[i].begin(), endless[i].end(), end);
    EXPECT_EQ(texts[i], Tokens(endless[i].begin(), stop));
  }
}

TEST(Sample, OnePromptTwiceGivesTwoTextsAndASeedTheSameAgain) {
  SmallRun run = trained(sample_config());
  const auto draw = [&](std::uint64_t seed) {
    return sampled(run, {{3, 4}, {3, 4}}, {.max_tokens = 12, .temperature = 1.0, .seed = seed});
  };
  const std::vector<SampledText> texts = draw(5);
  EXPECT_FALSE(texts[0] == texts[1]);
  EXPECT_TRUE(draw(5) == texts);
  EXPECT_FALSE(draw(6) == texts);
}

TEST(Sample, ATextDoesNotDependOnThoseItIsDrawnWith) {
  SmallRun run = trained(sample_config());
  const SampleConfig config{.max_tokens = 12, .temperature = 1.0};
  const std::vector<SampledText> all = sampled(run, prompts, config);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    SampleConfig one = config;
    one.first_text = i;
    EXPECT_TRUE(sampled(run, {prompts[i]}, one)[0] == all[i]) << "prompt " << i;
  }
}

TEST(Sample, TopPChoosesAmongTheFewestThatReachIt) {
  SmallRun run = trained(sample_config());
  SampleConfig config{.max_tokens = 12, .temperature = 1.0};
  const std::vector<SampledText> all = sampled(run, {prompts[1]}, config);
  config.top_p = 1e-9;  // the most likely token alone reaches it
  EXPECT_EQ(sampled(run, {prompts[1]}, config)[0].tokens, likeliest(run, {prompts[1]}, 12)[0]);
  EXPECT_FALSE(sampled(run, {prompts[1]}, config) == all);
  config.top_p = 1.0;
  EXPECT_TRUE(sampled(run, {prompts[1]}, config) == all);
  config.top_p = 0.0;
  EXPECT_THROW(sampled(run, {prompts[1]}, config), Error);
}

TEST(Sample, ATextSaysWhyItStopped) {
  SmallRun run = trained(sample_config());
  const std::int32_t first = likeliest(run, {prompts[0]}, 1)[0][0];
  const SampleConfig few{.max_tokens = 4, .temperature = 0},
      many{.max_tokens = 40, .temperature = 0};
  EXPECT_TRUE(sampled(run, {prompts[0]}, few, first)[0].ended);
  EXPECT_FALSE(sampled(run, {prompts[0]}, few)[0].ended);
  EXPECT_FALSE(sampled(run, {prompts[0]}, few)[0].filled_context);
  EXPECT_TRUE(sampled(run, {prompts[0]}, many)[0].filled_context);
}

}  // namespace sample_test
}  // namespace switchyard
