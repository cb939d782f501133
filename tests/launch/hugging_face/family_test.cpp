#include "launch/hugging_face/family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "launch/hugging_face/shards.h"
#include "launch/hugging_face/tokenizer/hub_tokenizer.h"
#include "launch/hugging_face/tokenizer/sentencepiece_json.h"
#include "model/transformer/transformer.h"
#include "runtime/error.h"
#include "tests/launch/hugging_face/families.h"

namespace switchyard::hub {
namespace family_test {

using testing::HasSubstr;

using namespace hub_test;

TEST(Family, EachExpressesItsModel) {
  for (const Family family : families()) {
    EXPECT_EQ(family_of(of(family)), family) << name_of(family);
    EXPECT_EQ(misfit(family, full(family)), "") << name_of(family);
  }
}

// Nothing is lost: the layout has the model's own parameters, each with all its elements, once.
TEST(Family, EveryParameterIsExportedOnce) {
  constexpr std::int64_t vocabulary = 257;
  for (const Family family : families()) {
    const Config config = of(family);
    Mesh mesh = make_mesh(make_single_comm(), 1);
    Transformer model(config.model, config.router,
                      {.vocabulary = vocabulary, .sequence_length = 16, .step_tokens = 16}, mesh);
    std::map<std::string, std::int64_t> expected;
    for (const Param& param : model.params().all())
      expected["value/" + param.spec.name] = param.spec.shape.size();
    for (const ExpertNames names : {ExpertNames::original, ExpertNames::fused}) {
      std::map<std::string, std::int64_t> found;
      const Layout layout = layout_of(family, config, vocabulary, names);
      for (const Piece& piece : layout.pieces()) {
        if (!piece.ours.ends_with(".bias")) found[piece.ours] = piece.elements;
      }
      EXPECT_EQ(found, expected) << name_of(family);
    }
  }
}

TEST(Family, WhatNoFamilyHasIsNamed) {
  const auto problem = [](const Config& config) {
    EXPECT_FALSE(family_of(config));
    return misfits(config);
  };
  Config config = small();
  config.router.gate = GateKind::hash;
  EXPECT_THAT(problem(config), HasSubstr("mixtral lacks router.gate = \"hash\""));
  config = of(Family::dots1);
  config.model.dense_layers = {2};
  EXPECT_THAT(problem(config), HasSubstr("dots1 lacks model.dense_layers that are not the first"));
  config = of(Family::dots1);
  config.model.shared_expert_hidden = 12;
  EXPECT_THAT(problem(config), HasSubstr("no multiple of model.expert_hidden"));
  config = of(Family::qwen3_moe);
  config.model.shared_expert_hidden = 8;
  EXPECT_THAT(problem(config), HasSubstr("qwen3_moe lacks model.shared_expert_hidden"));
  config = of(Family::llama);
  config.model.o_bias = true;
  EXPECT_THAT(problem(config), HasSubstr("llama lacks model.o_bias without model.qkv_bias"));
  config = of(Family::olmo2);
  config.model.window = 8;
  EXPECT_THAT(problem(config), HasSubstr("olmo2 lacks model.window"));
  config = of(Family::olmoe);
  config.model.head_dim = 16;
  EXPECT_THAT(problem(config), HasSubstr("olmoe lacks model.head_dim other than"));
  config = of(Family::qwen2_moe);
  config.model.shared_expert_gate = false;
  EXPECT_THAT(problem(config), HasSubstr("qwen2_moe lacks a shared expert without"));
  config = of(Family::mixtral);
  config.model.window = 8;
  config.model.window_layers = {0};
  EXPECT_THAT(problem(config), HasSubstr("mixtral lacks model.window_layers"));
  config = of(Family::dots1);
  config.router.groups = 2;
  config.router.groups_per_token = 1;
  config.router.top_k = 3;  // its best three experts would make a group's score
  EXPECT_THAT(problem(config), HasSubstr("best two experts"));
}

TEST(Family, AModelWithoutExpertsIsDense) {
  Config config = of(Family::qwen3);
  config.model.dense_layers = {};
  config.model.num_experts = 0;
  EXPECT_EQ(family_of(config), Family::qwen3);
  EXPECT_EQ(exported_as(config), "qwen3");
}

TEST(Family, PartsThatNoFamilyHasAreNamed) {
  Config config = of(Family::qwen3);
  config.model.norm_placement = NormPlacement::after;
  EXPECT_THAT(exported_as(config), HasSubstr("qwen3 lacks model.norm_placement = \"after\""));
  config = of(Family::dots1);
  config.model.shared_expert_gate = true;
  EXPECT_THAT(exported_as(config), HasSubstr("dots1 lacks model.shared_expert_gate"));
}

TEST(Family, ConfigSaysWhatTheGateDoes) {
  const HubFacts facts{
      .vocabulary = 257, .max_positions = 16, .bos = 256, .eos = 256, .dtype = "bfloat16"};
  Config config = of(Family::qwen3_moe);
  EXPECT_EQ(config_json(Family::qwen3_moe, config, facts)["norm_topk_prob"], false);
  config.router.gate = GateKind::topk_softmax;
  const auto json = config_json(Family::qwen3_moe, config, facts);
  EXPECT_EQ(json["norm_topk_prob"], true);
  EXPECT_EQ(json["mlp_only_layers"], (std::vector<int>{1}));
  EXPECT_EQ(json["dtype"], "bfloat16");
  config = of(Family::dots1);
  config.router.scale = 2.5F;
  const auto dots = config_json(Family::dots1, config, facts);
  EXPECT_EQ(dots["routed_scaling_factor"], 2.5);
  EXPECT_EQ(dots["n_shared_experts"], 2);
  EXPECT_EQ(dots["first_k_dense_replace"], 1);
}

TEST(Family, ShardsTakeTensorsInOrderUpToTheirSize) {
  const Layout layout = layout_of(Family::mixtral, of(Family::mixtral), 257, ExpertNames::original);
  const Shards one = shards_of(layout, "F32", 1 << 30);
  ASSERT_EQ(one.files.size(), 1U);
  EXPECT_EQ(one.files[0].name, "model.safetensors");
  const Shards many = shards_of(layout, "BF16", 4000);
  ASSERT_GT(many.files.size(), 3U);
  std::size_t tensors = 0;
  for (const Shard& shard : many.files) {
    tensors += shard.tensors.size();
    const std::int64_t data = shard.bytes() - std::ssize(shard.header);
    EXPECT_TRUE(data <= 4000 || shard.tensors.size() == 1) << data;
  }
  EXPECT_EQ(tensors, layout.tensors().size());
  EXPECT_THAT(many.files[0].name, HasSubstr("model-00001-of-0"));
  EXPECT_THAT(many.index_text(), HasSubstr("\"model.norm.weight\": \"" + many.files.back().name));
}

TEST(Family, TheBytesTokenizerHasEachByteOnce) {
  const std::vector<TextFile> files = tokenizer_files(*make_byte_tokenizer(), 64);
  ASSERT_EQ(files[0].name, "tokenizer.json");
  const auto json = nlohmann::json::parse(files[0].bytes);
  std::set<int> ids;
  for (const auto& [text, id] : json["model"]["vocab"].items()) ids.insert(id.get<int>());
  EXPECT_EQ(ids.size(), 256U);
  EXPECT_EQ(*ids.rbegin(), 255);
  EXPECT_EQ(json["model"]["vocab"]["\xC4\xA0"], 32);  // U+0120 is a space
  EXPECT_EQ(json["added_tokens"][0]["id"], 256);
}

SentencePieceModel small_pieces() {
  using Type = SentencePiece::Type;
  return {.pieces = {{"<unk>", 0, Type::unknown},
                     {"<s>", 0, Type::control},
                     {"a", -3},
                     {"b", -4},
                     {"ab", -1},
                     {"aab", -2}},
          .merges = true,
          .normalizes = false,
          .adds_space = false,
          .removes_spaces = false};
}

TEST(SentencePieceJson, MergesAreTheWaysToMakeAPieceByScore) {
  const auto json = nlohmann::json::parse(sentencepiece_json(small_pieces(), 1));
  EXPECT_EQ(json["model"]["merges"].dump(), R"([["a","b"],["a","ab"]])");
  EXPECT_EQ(json["model"]["unk_token"], "<unk>");
  EXPECT_EQ(json["post_processor"]["single"][0]["SpecialToken"]["id"], "<s>");
}

TEST(SentencePieceJson, WhatItCannotSayIsNamed) {
  SentencePieceModel model = small_pieces();
  model.normalizes = true;
  EXPECT_THROW(sentencepiece_json(model, 1), Error);
  model = small_pieces();
  model.merges = false;
  EXPECT_THROW(sentencepiece_json(model, 1), Error);
  model = small_pieces();
  model.pieces[2].type = SentencePiece::Type::user_defined;
  EXPECT_THROW(sentencepiece_json(model, 1), Error);
}

}  // namespace family_test
}  // namespace switchyard::hub
