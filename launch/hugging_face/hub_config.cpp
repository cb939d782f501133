#include "launch/hugging_face/hub_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "io/text/strict_json.h"
#include "launch/hugging_face/hub_fields.h"
#include "launch/hugging_face/rope_config.h"
#include "launch/hugging_face/window_config.h"
#include "runtime/error.h"

namespace switchyard::hub {
namespace {

using Traits = FamilyTraits;

constexpr std::int64_t largest = std::int64_t{1} << 30;  // of a dim, or of a count
constexpr std::int64_t usual_length = 4096;  // tokens of a row of an imported model, at most
constexpr std::int64_t length_step = 16;     // of which rows have a multiple

Family read_family(HubFields& fields) {
  const std::string type = fields.text("model_type", "");
  const std::optional<Family> family = value_named<Family>(type);
  if (!family)
    fields.refuse("model_type",
                  fmt::format("this program reads {}", fmt::join(names_of<Family>, ", ")));
  const std::vector<std::string> classes = fields.texts("architectures");
  const std::string_view wanted = traits_of(*family).architecture;
  if (!classes.empty() && std::ranges::find(classes, wanted) == classes.end())
    fields.refuse("architectures", fmt::format("this program reads {}", wanted));
  return *family;
}

// What only training, generation or other programs read.
void ignore_harmless(HubFields& fields) {
  fields.ignore({"_name_or_path",
                 "_commit_hash",
                 "_attn_implementation_autoset",
                 "attention_dropout",
                 "attn_implementation",
                 "auto_map",
                 "aux_loss_alpha",
                 "bos_token_id",
                 "dtype",
                 "eos_token_id",
                 "ep_size",
                 "max_sequence_length",
                 "output_router_logits",
                 "pad_token_id",
                 "pretraining_tp",
                 "router_aux_loss_coef",
                 "router_jitter_noise",
                 "router_z_loss_coef",
                 "seq_aux",
                 "torch_dtype",
                 "transformers_version",
                 "unsloth_fixed",
                 "unsloth_version",
                 "use_cache"});
}

void read_sizes(HubFields& fields, Family family, ModelConfig& model) {
  model.hidden = fields.integer("hidden_size", 1, largest);
  model.num_layers = static_cast<int>(fields.integer("num_hidden_layers", 1, 10000));
  model.num_heads = static_cast<int>(fields.integer("num_attention_heads", 1, 10000));
  model.num_kv_heads =
      static_cast<int>(fields.integer("num_key_value_heads", 1, 10000, model.num_heads));
  const bool computed = family != Family::qwen3 || fields.has("head_dim");
  if (computed && !fields.has("head_dim") && model.hidden % model.num_heads != 0)
    fields.refuse("head_dim", "hidden_size is no multiple of num_attention_heads");
  constexpr std::int64_t of_qwen3 = 128;  // the default of its class
  model.head_dim =
      fields.integer("head_dim", 2, 4096, computed ? model.hidden / model.num_heads : of_qwen3);
  model.norm_epsilon = static_cast<float>(fields.number("rms_norm_eps", 0, 1));
  model.tie_embeddings = fields.flag("tie_word_embeddings", false);
  model.init_std = fields.number("initializer_range", 0, 100, 0.0);
  fields.must_be("hidden_act", "silu", "this program computes silu only");
}

void read_attention(HubFields& fields, const Traits& traits, ModelConfig& model) {
  model.qk_norm = traits.qk_norm;
  model.norm_placement = traits.norm_placement;
  const bool all = fields.flag("attention_bias", false);
  if (all && traits.biases != Traits::Biases::all)
    fields.refuse("attention_bias", "the family has no such biases");
  const bool qkv = traits.biases == Traits::Biases::qkv && fields.flag("qkv_bias", true);
  model.qkv_bias = all || qkv;
  model.o_bias = all;
  fields.must_be("clip_qkv", nullptr, "this program does not clip queries, keys and values");
  fields.must_be("mlp_bias", false, "FFNs have no biases here");
}

// The number of experts has three names.
int read_num_experts(HubFields& fields, const Traits& traits) {
  constexpr std::int64_t most = 1 << 20;
  std::optional<std::int64_t> found;
  for (const char* key : {"num_experts", "num_local_experts", "n_routed_experts"}) {
    if (!fields.has(key)) continue;
    const std::int64_t count = fields.integer(key, 0, most);
    if (found && *found != count) fields.refuse(key, fmt::format("another key says {}", *found));
    found = count;
  }
  return static_cast<int>(found ? *found
                                : fields.integer(std::string(traits.num_experts), 0, most));
}

// The layers without experts, by the rules of the family.
std::vector<std::int64_t> read_dense_layers(HubFields& fields, const Traits& traits,
                                            std::int64_t num_layers) {
  std::vector<std::int64_t> dense;
  if (traits.dense == Traits::Dense::first) {
    const std::int64_t count = fields.integer("first_k_dense_replace", 0, largest, 0);
    fields.must_be("moe_layer_freq", 1, "every later layer must have experts");
    for (std::int64_t layer = 0; layer < std::min(count, num_layers); ++layer)
      dense.push_back(layer);
  } else if (traits.dense == Traits::Dense::any) {
    const std::vector<std::int64_t> listed = fields.integers("mlp_only_layers");
    const std::int64_t step = fields.integer("decoder_sparse_step", 1, largest, 1);
    for (std::int64_t layer = 0; layer < num_layers; ++layer) {
      if ((layer + 1) % step != 0 || std::ranges::find(listed, layer) != listed.end())
        dense.push_back(layer);
    }
  }
  return dense;
}

void read_sigmoid_gate(HubFields& fields, const ModelConfig& model, RouterConfig& router) {
  router.gate = GateKind::sigmoid;
  router.normalize = fields.flag("norm_topk_prob", false);
  router.scale = static_cast<float>(fields.number("routed_scaling_factor", 1e-6, 1e6, 1.0));
  router.groups = static_cast<int>(fields.integer("n_group", 1, model.num_experts, 1));
  router.groups_per_token = static_cast<int>(fields.integer("topk_group", 1, router.groups, 1));
  const std::string scores = fields.text("scoring_func", "sigmoid");
  if (scores != "sigmoid" && scores != "noaux_tc")
    fields.refuse("scoring_func", "the family's gate is a sigmoid with a bias");
  fields.must_be("topk_method", "noaux_tc", "the family's gate takes the best with a bias");
  if (router.groups > 1 && router.top_k != 2 * router.groups_per_token)
    fields.refuse("topk_group",
                  "a group's score is that of its best two experts, and of its best "
                  "num_experts_per_tok / topk_group in this program, which must be 2");
  if (model.num_experts % router.groups != 0)
    fields.refuse("n_group", "it must divide the number of experts");
}

void read_gate(HubFields& fields, const Traits& traits, const ModelConfig& model,
               RouterConfig& router) {
  router.top_k = static_cast<int>(fields.integer("num_experts_per_tok", 1, model.num_experts));
  if (traits.gates == Traits::Gates::sigmoid) return read_sigmoid_gate(fields, model, router);
  const bool adds_to_one =
      traits.gates == Traits::Gates::topk_softmax || fields.flag("norm_topk_prob", false);
  router.gate = adds_to_one ? GateKind::topk_softmax : GateKind::softmax_topk;
}

void read_shared_expert(HubFields& fields, const Traits& traits, ModelConfig& model) {
  if (traits.shared == Traits::Shared::gated) {
    model.shared_expert_hidden = fields.integer("shared_expert_intermediate_size", 1, largest);
    model.shared_expert_gate = true;
  } else if (traits.shared == Traits::Shared::plain) {
    model.shared_expert_hidden =
        fields.integer("n_shared_experts", 1, 1 << 20) * model.expert_hidden;
  }
}

void read_experts(HubFields& fields, const Traits& traits, Config& config) {
  ModelConfig& model = config.model;
  if (traits.dense != Traits::Dense::none)
    model.ffn_hidden = fields.integer("intermediate_size", 1, largest);
  model.num_experts = traits.dense == Traits::Dense::all ? 0 : read_num_experts(fields, traits);
  if (model.num_experts == 0) return;
  model.expert_hidden = fields.integer(std::string(traits.expert_hidden), 1, largest);
  model.dense_layers = read_dense_layers(fields, traits, model.num_layers);
  read_gate(fields, traits, model, config.router);
  read_shared_expert(fields, traits, model);
}

}  // namespace

HubModel read_hub_config(const std::string& text, const std::string& file,
                         std::int64_t sequence_length) {
  HubFields fields(parse_strict_json(text, file), file);
  HubModel found;
  found.family = read_family(fields);
  const Traits& traits = traits_of(found.family);
  ModelConfig& model = found.config.model;
  read_sizes(fields, found.family, model);
  read_attention(fields, traits, model);
  read_rope(fields, traits.rope_base, model);
  read_window(fields, found.family, model);
  read_experts(fields, traits, found.config);
  ignore_harmless(fields);
  found.vocabulary = fields.integer("vocab_size", 1, largest);
  found.max_positions = fields.integer("max_position_embeddings", 1, std::int64_t{1} << 40);
  found.bos = fields.value("bos_token_id");
  found.eos = fields.value("eos_token_id");
  const std::int64_t allowed = (found.max_positions + length_step - 1) / length_step * length_step;
  found.config.data.sequence_length =
      sequence_length > 0 ? sequence_length : std::min(allowed, usual_length);
  found.config.train.micro_batch_size = 1;
  fields.require_all_known();
  return found;
}

}  // namespace switchyard::hub
