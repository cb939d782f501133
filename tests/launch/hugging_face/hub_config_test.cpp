#include "launch/hugging_face/hub_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "runtime/error.h"
#include "tests/launch/hugging_face/families.h"

namespace switchyard::hub {
namespace hub_config_test {

using namespace hub_test;
using testing::HasSubstr;
using Json = nlohmann::ordered_json;

HubModel read(const Json& json) { return read_hub_config(json.dump(), "config.json"); }

std::string refusal(const Json& json) {
  try {
    read(json);
    return "read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::data) << error.what();
    return error.what();
  }
}

Json json_of(Family family, const Config& config) {
  return config_json(
      family, config,
      {.vocabulary = 300, .max_positions = 16, .bos = 1, .eos = 2, .dtype = "float32"});
}

// config.json of a release.
HubModel release(const std::string& name) {
  std::ifstream file(std::string(SWITCHYARD_SOURCE_DIR) + "/tests/launch/hugging_face/releases/" +
                     name + ".json");
  std::stringstream text;
  text << file.rdbuf();
  return read_hub_config(text.str(), name);
}

TEST(HubConfig, ReadsWhatItWrites) {
  for (const Family family : families()) {
    for (Config config : {of(family), full(family)}) {
      const HubModel found = read(json_of(family, config));
      EXPECT_EQ(found.family, family);
      config.model.init_std = init_std_of(config.model);
      EXPECT_EQ(print_config(found.config, Docs::no), print_config(config, Docs::no))
          << name_of(family);
      EXPECT_EQ(found.vocabulary, 300);
      EXPECT_EQ(found.bos, 1);
      EXPECT_EQ(found.eos, 2);
    }
  }
}

TEST(HubConfig, ReadsYarn) {
  Config config = of(Family::qwen3);
  config.model.rope = {.type = RopeType::yarn,
                       .factor = 4.0,
                       .original_length = 32768,
                       .beta_fast = 30.0,
                       .beta_slow = 2.0,
                       .attention_factor = 1.25,
                       .truncate = false};
  Json json = json_of(Family::qwen3, config);
  const RopeScaling rope = read(json).config.model.rope;
  EXPECT_EQ(rope.type, RopeType::yarn);
  EXPECT_EQ(rope.factor, 4.0);
  EXPECT_EQ(rope.original_length, 32768);
  EXPECT_EQ(rope.beta_fast, 30.0);
  EXPECT_EQ(rope.beta_slow, 2.0);
  EXPECT_EQ(rope.attention_factor, 1.25);
  EXPECT_FALSE(rope.truncate);
  json.erase("rope_parameters");  // of transformers 4
  json["rope_scaling"] = {
      {"type", "yarn"}, {"factor", 2.0}, {"mscale", 2.0}, {"mscale_all_dim", 1.0}};
  const RopeScaling old = read(json).config.model.rope;
  EXPECT_EQ(old.original_length, 16);  // max_position_embeddings
  EXPECT_EQ(old.beta_fast, 32.0);
  EXPECT_TRUE(old.truncate);
  EXPECT_NEAR(old.attention_factor, (0.2 * std::log(2.0) + 1) / (0.1 * std::log(2.0) + 1), 1e-15);
}

TEST(HubConfig, ReadsEitherSpelling) {
  Json json = json_of(Family::qwen3_moe, of(Family::qwen3_moe));
  json["num_local_experts"] = json["num_experts"];
  EXPECT_EQ(read(json).config.model.num_experts, 4);
  json.erase("num_experts");
  EXPECT_EQ(read(json).config.model.num_experts, 4);
  json["num_experts"] = 8;
  EXPECT_THAT(refusal(json), HasSubstr("num_local_experts = 4: another key says 8"));
  json = json_of(Family::llama, of(Family::llama));
  json.erase("rope_parameters");
  json.erase("rope_theta");
  EXPECT_EQ(read(json).config.model.rope_base, 10000.0F);
  json["rope_theta"] = 20000;
  json["rope_scaling"] = nullptr;
  EXPECT_EQ(read(json).config.model.rope_base, 20000.0F);
  json["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 30000.0}};
  EXPECT_THAT(refusal(json), HasSubstr("rope_theta = 20000"));
  json.erase("rope_theta");
  EXPECT_EQ(read(json).config.model.rope_base, 30000.0F);
  json["head_dim"] = nullptr;
  json["num_key_value_heads"] = nullptr;
  json["eos_token_id"] = {5, 6};
  json["bos_token_id"] = nullptr;
  const HubModel found = read(json);
  EXPECT_EQ(found.config.model.head_dim, 8);
  EXPECT_EQ(found.config.model.num_kv_heads, 2);
  EXPECT_EQ(found.eos, (Json{5, 6}));
}

TEST(HubConfig, EveryKeyMustBeKnown) {
  for (const Family family : families()) {
    Json json = json_of(family, of(family));
    json["logit_scale"] = 0.5;
    EXPECT_THAT(refusal(json), HasSubstr("does not know, so it could compute something else: "
                                         "logit_scale = 0.5"));
    json = json_of(family, of(family));
    json["rope_parameters"]["scale"] = 2;
    EXPECT_THAT(refusal(json), HasSubstr("rope_parameters has keys that this program does not"));
  }
  Json json = json_of(Family::qwen3, of(Family::qwen3));
  json["quantization_config"] = {{"bits", 4}};
  EXPECT_THAT(refusal(json), HasSubstr("quantization_config"));
}

TEST(HubConfig, OtherArithmeticIsRefused) {
  const auto with = [](Family family, const char* key, const Json& value) {
    Json json = json_of(family, of(family));
    json[key] = value;
    return refusal(json);
  };
  EXPECT_THAT(with(Family::llama, "hidden_act", "gelu"), HasSubstr("hidden_act = \"gelu\""));
  EXPECT_THAT(with(Family::llama, "mlp_bias", true), HasSubstr("mlp_bias = true"));
  EXPECT_THAT(with(Family::llama, "sliding_window", 128), HasSubstr("sliding_window = 128"));
  EXPECT_THAT(with(Family::olmoe, "clip_qkv", 8.0), HasSubstr("clip_qkv = 8.0"));
  EXPECT_THAT(with(Family::mixtral, "attention_bias", true), HasSubstr("attention_bias = true"));
  EXPECT_THAT(with(Family::qwen3, "rope_scaling", {{"rope_type", "linear"}, {"factor", 2.0}}),
              HasSubstr("rope_scaling: rope_type = \"linear\""));
  EXPECT_THAT(with(Family::qwen3, "partial_rotary_factor", 0.5),
              HasSubstr("partial_rotary_factor = 0.5"));
  EXPECT_THAT(with(Family::dots1, "scoring_func", "softmax"), HasSubstr("scoring_func"));
  EXPECT_THAT(with(Family::dots1, "moe_layer_freq", 2), HasSubstr("moe_layer_freq = 2"));
  EXPECT_THAT(with(Family::llama, "model_type", "gemma3"), HasSubstr("this program reads mixtral"));
  EXPECT_THAT(with(Family::llama, "architectures", {"LlamaForSequenceClassification"}),
              HasSubstr("reads LlamaForCausalLM"));
  EXPECT_THAT(with(Family::llama, "hidden_size", -16), HasSubstr("hidden_size = -16"));
  EXPECT_THAT(with(Family::llama, "hidden_size", 1e30), HasSubstr("hidden_size = 1e+30"));
  EXPECT_THAT(with(Family::llama, "vocab_size", "many"), HasSubstr("vocab_size = \"many\""));
}

TEST(HubConfig, GroupsAreScoredByTheirBestTwo) {
  Json json = json_of(Family::dots1, of(Family::dots1));
  json["n_group"] = 2;
  EXPECT_EQ(read(json).config.router.groups, 2);
  json["topk_group"] = 2;
  EXPECT_THAT(refusal(json), HasSubstr("topk_group = 2: a group's score"));
}

TEST(HubConfig, WindowsAreThoseOfTheirLayers) {
  Json json = json_of(Family::qwen3, of(Family::qwen3));
  json["use_sliding_window"] = true;
  json["sliding_window"] = 7;
  json["max_window_layers"] = 1;
  ModelConfig model = read(json).config.model;
  EXPECT_EQ(model.window, 7);
  EXPECT_EQ(model.window_layers, (std::vector<std::int64_t>{1, 2}));
  json["use_sliding_window"] = false;
  EXPECT_EQ(read(json).config.model.window, 0);
  json = json_of(Family::qwen2_moe, of(Family::qwen2_moe));
  json["use_sliding_window"] = true;
  json["sliding_window"] = 7;
  model = read(json).config.model;
  EXPECT_EQ(model.window_layers, (std::vector<std::int64_t>{0, 2}));
  json = json_of(Family::dots1, of(Family::dots1));
  json["sliding_window"] = 7;
  EXPECT_EQ(read(json).config.model.window, 0);  // from layer max_window_layers on
  json["layer_types"] = {"sliding_attention", "sliding_attention", "sliding_attention"};
  model = read(json).config.model;
  EXPECT_EQ(model.window, 7);
  EXPECT_TRUE(model.window_layers.empty());
  json["layer_types"][1] = "chunked_attention";
  EXPECT_THAT(refusal(json), HasSubstr("full_attention and sliding_attention"));
  json = json_of(Family::qwen3_moe, of(Family::qwen3_moe));
  json["use_sliding_window"] = true;
  json["sliding_window"] = 7;
  EXPECT_THAT(refusal(json), HasSubstr("versions of transformers disagree"));
  json.erase("max_window_layers");
  EXPECT_EQ(read(json).config.model.window, 7);
}

TEST(HubConfig, DenseLayersFollowTheStep) {
  Json json = json_of(Family::qwen2_moe, of(Family::qwen2_moe));
  json["num_hidden_layers"] = 5;
  json["decoder_sparse_step"] = 2;
  json["mlp_only_layers"] = {3, 99};
  EXPECT_EQ(read(json).config.model.dense_layers, (std::vector<std::int64_t>{0, 2, 3, 4}));
}

TEST(HubConfig, ReadsMixtral) {
  const HubModel found = release("Mixtral-8x7B-v0.1");
  const ModelConfig& model = found.config.model;
  EXPECT_EQ(found.family, Family::mixtral);
  EXPECT_EQ(model.hidden, 4096);
  EXPECT_EQ(model.head_dim, 128);
  EXPECT_EQ(model.num_kv_heads, 8);
  EXPECT_EQ(model.expert_hidden, 14336);
  EXPECT_EQ(model.num_experts, 8);
  EXPECT_EQ(model.rope_base, 1e6F);
  EXPECT_EQ(model.norm_epsilon, 1e-5F);
  EXPECT_EQ(model.window, 0);
  EXPECT_EQ(found.config.router.gate, GateKind::topk_softmax);
  EXPECT_EQ(found.config.data.sequence_length, 4096);
  EXPECT_EQ(found.max_positions, 32768);
}

TEST(HubConfig, ReadsQwenMoe) {
  const HubModel two = release("Qwen1.5-MoE-A2.7B"), three = release("Qwen3-30B-A3B");
  EXPECT_EQ(two.family, Family::qwen2_moe);
  EXPECT_EQ(two.config.model.num_experts, 60);
  EXPECT_EQ(two.config.model.shared_expert_hidden, 5632);
  EXPECT_TRUE(two.config.model.shared_expert_gate);
  EXPECT_TRUE(two.config.model.qkv_bias);
  EXPECT_FALSE(two.config.model.o_bias);
  EXPECT_EQ(two.config.model.window, 0);
  EXPECT_EQ(two.config.router.gate, GateKind::softmax_topk);
  EXPECT_EQ(two.config.router.top_k, 4);
  EXPECT_EQ(three.family, Family::qwen3_moe);
  EXPECT_EQ(three.config.model.head_dim, 128);
  EXPECT_EQ(three.config.model.hidden, 2048);
  EXPECT_EQ(three.config.model.expert_hidden, 768);
  EXPECT_EQ(three.config.model.qk_norm, QkNorm::head);
  EXPECT_EQ(three.config.router.gate, GateKind::topk_softmax);
  EXPECT_EQ(three.vocabulary, 151936);
}

TEST(HubConfig, ReadsLlama3) {
  const HubModel found = release("Llama-3.1-8B");
  const RopeScaling& rope = found.config.model.rope;
  EXPECT_EQ(found.family, Family::llama);
  EXPECT_EQ(found.config.model.num_experts, 0);
  EXPECT_EQ(found.config.model.ffn_hidden, 14336);
  EXPECT_EQ(found.config.model.rope_base, 5e5F);
  EXPECT_EQ(rope.type, RopeType::llama3);
  EXPECT_EQ(rope.factor, 8.0);
  EXPECT_EQ(rope.low_frequency_factor, 1.0);
  EXPECT_EQ(rope.high_frequency_factor, 4.0);
  EXPECT_EQ(rope.original_length, 8192);
  EXPECT_EQ(found.max_positions, 131072);
}

TEST(HubConfig, ReadsOlmo) {
  const HubModel experts = release("OLMoE-1B-7B-0924"), dense = release("OLMo-2-1124-7B");
  EXPECT_EQ(experts.family, Family::olmoe);
  EXPECT_EQ(experts.config.model.expert_hidden, 1024);
  EXPECT_EQ(experts.config.model.qk_norm, QkNorm::projection);
  EXPECT_EQ(experts.config.router.gate, GateKind::softmax_topk);
  EXPECT_EQ(experts.eos, 50279);
  EXPECT_EQ(dense.family, Family::olmo2);
  EXPECT_EQ(dense.config.model.norm_placement, NormPlacement::after);
  EXPECT_EQ(dense.config.model.qk_norm, QkNorm::projection);
  EXPECT_EQ(dense.config.model.rope_base, 5e5F);
}

TEST(HubConfig, ReadsDots) {
  const HubModel found = release("dots.llm1.inst");
  const Config& config = found.config;
  EXPECT_EQ(found.family, Family::dots1);
  EXPECT_EQ(config.model.num_layers, 62);
  EXPECT_EQ(config.model.dense_layers, (std::vector<std::int64_t>{0}));
  EXPECT_EQ(config.model.shared_expert_hidden, 2816);
  EXPECT_EQ(config.router.gate, GateKind::sigmoid);
  EXPECT_TRUE(config.router.normalize);
  EXPECT_EQ(config.router.scale, 2.5F);
  EXPECT_EQ(config.router.top_k, 6);
}

}  // namespace hub_config_test
}  // namespace switchyard::hub
