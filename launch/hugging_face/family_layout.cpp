#include <fmt/format.h>

#include "launch/hugging_face/family.h"
#include "model/config.h"

namespace switchyard::hub {
namespace {

using Traits = FamilyTraits;

// Writes the tensors of one model, layer by layer, in the order of the files of transformers.
class Tables {
 public:
  Tables(Family family, const Config& config, std::int64_t vocabulary,
         const std::function<ExpertNames(int layer)>& names)
      : family_(family),
        traits_(traits_of(family)),
        model_(config.model),
        vocabulary_(vocabulary),
        names_(names) {}

  Layout all() {
    add("embedding", "model.embed_tokens.weight", {vocabulary_, model_.hidden});
    for (int layer = 0; layer < model_.num_layers; ++layer) add_layer(layer);
    add("final_norm", "model.norm.weight", {model_.hidden});
    if (!model_.tie_embeddings) add("head", "lm_head.weight", {vocabulary_, model_.hidden});
    layout_.check();
    return std::move(layout_);
  }

 private:
  void add(const std::string& ours, const std::string& theirs, std::vector<std::int64_t> shape) {
    layout_.add("value/" + ours, theirs, std::move(shape));
  }

  void add_layer(int layer) {
    const std::string ours = fmt::format("layer{}.", layer),
                      theirs = fmt::format("model.layers.{}.", layer);
    const bool before = traits_.norm_placement == NormPlacement::before;
    add(ours + "attention_norm",
        theirs + (before ? "input_layernorm.weight" : "post_attention_layernorm.weight"),
        {model_.hidden});
    add_attention(ours + "attention.", theirs + "self_attn.");
    add(ours + "ffn_norm",
        theirs + (before ? "post_attention_layernorm.weight" : "post_feedforward_layernorm.weight"),
        {model_.hidden});
    if (is_dense(model_, layer)) {
      add_ffn(ours + "ffn.", theirs + "mlp.", model_.ffn_hidden);
    } else {
      add_experts(layer, ours, theirs);
    }
  }

  void add_attention(const std::string& ours, const std::string& theirs) {
    const std::int64_t queries = model_.num_heads * model_.head_dim,
                       keys = model_.num_kv_heads * model_.head_dim;
    add_projection(ours + "q", theirs + "q_proj", {queries, model_.hidden}, model_.qkv_bias);
    add_projection(ours + "k", theirs + "k_proj", {keys, model_.hidden}, model_.qkv_bias);
    add_projection(ours + "v", theirs + "v_proj", {keys, model_.hidden}, model_.qkv_bias);
    add_projection(ours + "o", theirs + "o_proj", {model_.hidden, queries}, model_.o_bias);
    if (model_.qk_norm == QkNorm::none) return;
    const bool each_head = model_.qk_norm == QkNorm::head;
    add(ours + "q_norm", theirs + "q_norm.weight", {each_head ? model_.head_dim : queries});
    add(ours + "k_norm", theirs + "k_norm.weight", {each_head ? model_.head_dim : keys});
  }

  void add_projection(const std::string& ours, const std::string& theirs,
                      const std::vector<std::int64_t>& shape, bool bias) {
    add(ours, theirs + ".weight", shape);
    if (bias) add(ours + "_bias", theirs + ".bias", {shape[0]});
  }

  void add_ffn(const std::string& ours, const std::string& theirs, std::int64_t width) {
    add(ours + "gate", theirs + "gate_proj.weight", {width, model_.hidden});
    add(ours + "up", theirs + "up_proj.weight", {width, model_.hidden});
    add(ours + "down", theirs + "down_proj.weight", {model_.hidden, width});
  }

  void add_experts(int layer, const std::string& ours, const std::string& its_layer) {
    const bool fused = names_(layer) == ExpertNames::fused;
    const bool as_mixtral = family_ == Family::mixtral && !fused;
    const std::string theirs = its_layer + (as_mixtral ? "block_sparse_moe." : "mlp.");
    add(ours + "router", theirs + "gate.weight", {model_.num_experts, model_.hidden});
    if (traits_.gates == Traits::Gates::sigmoid)
      layout_.add(fmt::format("gate/layer{}.bias", layer), theirs + "gate.e_score_correction_bias",
                  {model_.num_experts});
    fused ? add_fused(layer, ours) : add_each(ours, theirs);
    add_shared(ours, theirs);
  }

  void add_each(const std::string& ours, const std::string& theirs) {
    const std::int64_t hidden = model_.hidden, width = model_.expert_hidden;
    for (int e = 0; e < model_.num_experts; ++e) {
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
  void add_fused(int layer, const std::string& ours) {
    const std::int64_t hidden = model_.hidden, width = model_.expert_hidden,
                       experts = model_.num_experts;
    layout_.add_stack(fused_experts(layer) + "gate_up_proj", {experts, 2 * width, hidden});
    for (int e = 0; e < experts; ++e) {
      for (const char* part : {"gate", "up"})
        layout_.add_piece(fmt::format("value/{}expert{}.{}", ours, e, part), {width, hidden});
    }
    layout_.add_stack(fused_experts(layer) + "down_proj", {experts, hidden, width});
    for (int e = 0; e < experts; ++e)
      layout_.add_piece(fmt::format("value/{}expert{}.down", ours, e), {hidden, width});
  }

  void add_shared(const std::string& ours, const std::string& theirs) {
    if (model_.shared_expert_hidden == 0) return;
    const bool gated = traits_.shared == Traits::Shared::gated;
    add_ffn(ours + "shared.", theirs + (gated ? "shared_expert." : "shared_experts."),
            model_.shared_expert_hidden);
    if (gated) add(ours + "shared_gate", theirs + "shared_expert_gate.weight", {1, model_.hidden});
  }

  Family family_;
  const FamilyTraits& traits_;
  const ModelConfig& model_;
  std::int64_t vocabulary_;
  const std::function<ExpertNames(int layer)>& names_;
  Layout layout_;
};

}  // namespace

Layout layout_of(Family family, const Config& config, std::int64_t vocabulary,
                 const std::function<ExpertNames(int layer)>& names) {
  return Tables(family, config, vocabulary, names).all();
}

Layout layout_of(Family family, const Config& config, std::int64_t vocabulary, ExpertNames names) {
  return layout_of(family, config, vocabulary, [=](int) { return names; });
}

std::string fused_experts(int layer) { return fmt::format("model.layers.{}.mlp.experts.", layer); }

}  // namespace switchyard::hub
