#include <fmt/format.h>

#include "launch/hugging_face/family.h"
#include "model/blocks/block.h"

namespace switchyard::hub {
namespace {

// Writes the tensors of one model, layer by layer, in the order of the files of transformers.
class Tables {
 public:
  Tables(Family family, const Config& config, std::int64_t vocabulary, ExpertNames names)
      : family_(family), config_(config), vocabulary_(vocabulary), names_(names) {}

  Layout all() {
    const ModelConfig& model = config_.model;
    add("embedding", "model.embed_tokens.weight", {vocabulary_, model.hidden});
    for (int layer = 0; layer < model.num_layers; ++layer) add_layer(layer);
    add("final_norm", "model.norm.weight", {model.hidden});
    if (!model.tie_embeddings) add("head", "lm_head.weight", {vocabulary_, model.hidden});
    layout_.check();
    return std::move(layout_);
  }

 private:
  void add(const std::string& ours, const std::string& theirs, std::vector<std::int64_t> shape) {
    layout_.add("value/" + ours, theirs, std::move(shape));
  }

  void add_layer(int layer) {
    const ModelConfig& model = config_.model;
    const std::string ours = fmt::format("layer{}.", layer),
                      theirs = fmt::format("model.layers.{}.", layer);
    add(ours + "attention_norm", theirs + "input_layernorm.weight", {model.hidden});
    add_attention(ours + "attention.", theirs + "self_attn.");
    add(ours + "ffn_norm", theirs + "post_attention_layernorm.weight", {model.hidden});
    if (is_dense(model, layer)) {
      add_ffn(ours + "ffn.", theirs + "mlp.", model.ffn_hidden);
    } else {
      add_experts(layer, ours, theirs + (stored_as_mixtral() ? "block_sparse_moe." : "mlp."));
    }
  }

  void add_attention(const std::string& ours, const std::string& theirs) {
    const ModelConfig& model = config_.model;
    const std::int64_t queries = model.num_heads * model.head_dim,
                       keys = model.num_kv_heads * model.head_dim;
    add(ours + "q", theirs + "q_proj.weight", {queries, model.hidden});
    add(ours + "k", theirs + "k_proj.weight", {keys, model.hidden});
    add(ours + "v", theirs + "v_proj.weight", {keys, model.hidden});
    add(ours + "o", theirs + "o_proj.weight", {model.hidden, queries});
    if (model.qk_norm == QkNorm::none) return;
    add(ours + "q_norm", theirs + "q_norm.weight", {model.head_dim});
    add(ours + "k_norm", theirs + "k_norm.weight", {model.head_dim});
  }

  void add_ffn(const std::string& ours, const std::string& theirs, std::int64_t width) {
    const std::int64_t hidden = config_.model.hidden;
    add(ours + "gate", theirs + "gate_proj.weight", {width, hidden});
    add(ours + "up", theirs + "up_proj.weight", {width, hidden});
    add(ours + "down", theirs + "down_proj.weight", {hidden, width});
  }

  void add_experts(int layer, const std::string& ours, const std::string& theirs) {
    const ModelConfig& model = config_.model;
    add(ours + "router", theirs + "gate.weight", {model.num_experts, model.hidden});
    if (family_ == Family::dots1)
      layout_.add(fmt::format("gate/layer{}.bias", layer), theirs + "gate.e_score_correction_bias",
                  {model.num_experts});
    names_ == ExpertNames::fused ? add_fused(ours, theirs) : add_each(ours, theirs);
    if (model.shared_expert_hidden > 0)
      add_ffn(ours + "shared.", theirs + "shared_experts.", model.shared_expert_hidden);
  }

  void add_each(const std::string& ours, const std::string& theirs) {
    const std::int64_t hidden = config_.model.hidden, width = config_.model.expert_hidden;
    for (int e = 0; e < config_.model.num_experts; ++e) {
      const std::string mine = fmt::format("{}expert{}.", ours, e),
                        its = fmt::format("{}experts.{}.", theirs, e);
      if (family_ == Family::mixtral) {
        add(mine + "gate", its + "w1.weight", {width, hidden});
        add(mine + "down", its + "w2.weight", {hidden, width});
        add(mine + "up", its + "w3.weight", {width, hidden});
      } else {
        add_ffn(mine, its, width);
      }
    }
  }

  // An expert's gate is above its up projection.
  void add_fused(const std::string& ours, const std::string& theirs) {
    const std::int64_t hidden = config_.model.hidden, width = config_.model.expert_hidden,
                       experts = config_.model.num_experts;
    layout_.add_stack(theirs + "experts.gate_up_proj", {experts, 2 * width, hidden});
    for (int e = 0; e < experts; ++e) {
      for (const char* part : {"gate", "up"})
        layout_.add_piece(fmt::format("value/{}expert{}.{}", ours, e, part), width * hidden);
    }
    layout_.add_stack(theirs + "experts.down_proj", {experts, hidden, width});
    for (int e = 0; e < experts; ++e)
      layout_.add_piece(fmt::format("value/{}expert{}.down", ours, e), width * hidden);
  }

  bool stored_as_mixtral() const {
    return family_ == Family::mixtral && names_ == ExpertNames::original;
  }

  Family family_;
  const Config& config_;
  std::int64_t vocabulary_;
  ExpertNames names_;
  Layout layout_;
};

}  // namespace

Layout layout_of(Family family, const Config& config, std::int64_t vocabulary, ExpertNames names) {
  return Tables(family, config, vocabulary, names).all();
}

}  // namespace switchyard::hub
