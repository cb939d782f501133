#include "launch/hugging_face/family.h"
#include "launch/hugging_face/rope_config.h"
#include "launch/hugging_face/shortest.h"
#include "launch/hugging_face/window_config.h"
#include "model/config.h"

namespace switchyard::hub {
namespace {

using Json = nlohmann::ordered_json;
using Traits = FamilyTraits;

// What every family has.
Json common(Family family, const Config& config, const HubFacts& facts) {
  const ModelConfig& model = config.model;
  Json json = {{"architectures", {traits_of(family).architecture}},
               {"model_type", name_of(family)},
               {"vocab_size", facts.vocabulary},
               {"hidden_size", model.hidden},
               {"num_hidden_layers", model.num_layers},
               {"num_attention_heads", model.num_heads},
               {"num_key_value_heads", model.num_kv_heads},
               {"head_dim", model.head_dim},
               {"hidden_act", "silu"},
               {"attention_dropout", 0.0},
               {"rms_norm_eps", shortest(model.norm_epsilon)},
               {"max_position_embeddings", facts.max_positions},
               {"tie_word_embeddings", model.tie_embeddings},
               {"initializer_range", init_std_of(model)},
               {"bos_token_id", facts.bos},
               {"eos_token_id", facts.eos},
               {"use_cache", true},
               {"dtype", facts.dtype},
               {"torch_dtype", facts.dtype}};
  if (traits_of(family).biases == Traits::Biases::qkv) json["qkv_bias"] = model.qkv_bias;
  if (traits_of(family).biases == Traits::Biases::all) json["attention_bias"] = model.qkv_bias;
  add_rope(model, json);
  add_window(family, model, json);
  return json;
}

void add_dots1(const Config& config, Json& json) {
  const ModelConfig& model = config.model;
  const RouterConfig& router = config.router;
  json["n_shared_experts"] = model.shared_expert_hidden / model.expert_hidden;
  json["norm_topk_prob"] = router.normalize;
  json["routed_scaling_factor"] = shortest(router.scale);
  json["n_group"] = router.groups;
  json["topk_group"] = router.groups_per_token;
  json["first_k_dense_replace"] = model.dense_layers.size();
}

void add_experts(Family family, const Config& config, Json& json) {
  const Traits& traits = traits_of(family);
  const ModelConfig& model = config.model;
  json[std::string(traits.expert_hidden)] = model.expert_hidden;
  json[std::string(traits.num_experts)] = model.num_experts;
  json["num_experts_per_tok"] = config.router.top_k;
  if (traits.gates == Traits::Gates::softmax)
    json["norm_topk_prob"] = config.router.gate == GateKind::topk_softmax;
  if (traits.dense == Traits::Dense::any) {
    json["decoder_sparse_step"] = 1;
    json["mlp_only_layers"] = model.dense_layers;
  }
  if (traits.shared == Traits::Shared::gated)
    json["shared_expert_intermediate_size"] = model.shared_expert_hidden;
}

}  // namespace

Json config_json(Family family, const Config& config, const HubFacts& facts) {
  const Traits::Dense dense = traits_of(family).dense;
  Json json = common(family, config, facts);
  if (dense != Traits::Dense::none) json["intermediate_size"] = config.model.ffn_hidden;
  if (dense != Traits::Dense::all) add_experts(family, config, json);
  if (family == Family::dots1) add_dots1(config, json);
  return json;
}

}  // namespace switchyard::hub
