#include "launch/hugging_face/family.h"
#include "model/config.h"

namespace switchyard::hub {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, names_of<Family>.size()> architectures = {
    "MixtralForCausalLM", "Qwen3MoeForCausalLM", "Qwen3ForCausalLM", "LlamaForCausalLM",
    "Dots1ForCausalLM"};

// What every family has.
Json common(Family family, const Config& config, std::int64_t vocabulary, std::int32_t boundary,
            const std::string& dtype) {
  const ModelConfig& model = config.model;
  return {{"architectures", {architectures[static_cast<std::size_t>(family)]}},
          {"model_type", name_of(family)},
          {"vocab_size", vocabulary},
          {"hidden_size", model.hidden},
          {"num_hidden_layers", model.num_layers},
          {"num_attention_heads", model.num_heads},
          {"num_key_value_heads", model.num_kv_heads},
          {"head_dim", model.head_dim},
          {"hidden_act", "silu"},
          {"attention_bias", false},
          {"attention_dropout", 0.0},
          {"sliding_window", nullptr},
          {"rms_norm_eps", model.norm_epsilon},
          {"rope_theta", model.rope_base},
          {"rope_parameters", {{"rope_type", "default"}, {"rope_theta", model.rope_base}}},
          {"max_position_embeddings", config.data.sequence_length},
          {"tie_word_embeddings", model.tie_embeddings},
          {"initializer_range", init_std_of(model)},
          {"bos_token_id", boundary},
          {"eos_token_id", boundary},
          {"use_cache", true},
          {"dtype", dtype},
          {"torch_dtype", dtype}};
}

void add_dots1(const Config& config, Json& json) {
  const ModelConfig& model = config.model;
  const RouterConfig& router = config.router;
  json["intermediate_size"] = model.ffn_hidden;
  json["moe_intermediate_size"] = model.expert_hidden;
  json["n_routed_experts"] = model.num_experts;
  json["n_shared_experts"] = model.shared_expert_hidden / model.expert_hidden;
  json["num_experts_per_tok"] = router.top_k;
  json["norm_topk_prob"] = router.normalize;
  json["routed_scaling_factor"] = router.scale;
  json["n_group"] = router.groups;
  json["topk_group"] = router.groups_per_token;
  json["first_k_dense_replace"] = model.dense_layers.size();
  json["max_window_layers"] = model.num_layers;
}

void add_qwen3_moe(const Config& config, Json& json) {
  const ModelConfig& model = config.model;
  json["intermediate_size"] = model.ffn_hidden;
  json["moe_intermediate_size"] = model.expert_hidden;
  json["num_experts"] = model.num_experts;
  json["num_experts_per_tok"] = config.router.top_k;
  json["norm_topk_prob"] = config.router.gate == GateKind::topk_softmax;
  json["decoder_sparse_step"] = 1;
  json["mlp_only_layers"] = model.dense_layers;
  json["use_sliding_window"] = false;
  json["max_window_layers"] = model.num_layers;
}

}  // namespace

Json config_json(Family family, const Config& config, std::int64_t vocabulary,
                 std::int32_t boundary, const std::string& dtype) {
  Json json = common(family, config, vocabulary, boundary, dtype);
  switch (family) {
    case Family::mixtral:
      json["intermediate_size"] = config.model.expert_hidden;
      json["num_local_experts"] = config.model.num_experts;
      json["num_experts_per_tok"] = config.router.top_k;
      json["router_jitter_noise"] = 0.0;
      break;
    case Family::qwen3_moe:
      add_qwen3_moe(config, json);
      break;
    case Family::dots1:
      add_dots1(config, json);
      break;
    case Family::qwen3:
    case Family::llama:
      json["intermediate_size"] = config.model.ffn_hidden;
      break;
  }
  return json;
}

}  // namespace switchyard::hub
