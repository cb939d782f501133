// Block: one transformer layer, x + attention(norm(x)), then + ffn(norm(.)), dense or
// mixture-of-experts; with model.norm_placement = "after", x + norm(attention(x)), then
// + norm(ffn(.)).
#pragma once

#include <optional>

#include "model/attention/self_attention.h"
#include "model/blocks/moe_layer.h"
#include "model/norm/norm.h"

namespace switchyard {

class Block {
 public:
  // Declares the layer's dense parameters; see SelfAttention and MoeLayer. A dense layer needs no
  // exchange, and no balancer.
  Block(Params& params, const ModelConfig& model, const RouterConfig& router, Mesh& mesh,
        Exchange* exchange, StepBalancer* balancer, const RotaryTable& rotary,
        const GateInputs& inputs);
  void host_experts(Params& params);
  bool is_moe() const { return moe_.has_value(); }
  MoeLayer* moe() { return moe_ ? &*moe_ : nullptr; }
  Gate* gate() { return moe_ ? &moe_->gate() : nullptr; }  // of a MoE block

  // The sizes of what layers keep that are sums of products.
  struct Sums {
    SelfAttention::Ranks attention{};
    Ffn::Narrow ffn{};  // of a dense block
  };
  struct Saved {
    Tensor x, middle;  // into the block; between attention and FFN
    // `out` is what attention or FFN reads, or with the norm after them what they give it.
    Norm::Saved attention_norm, ffn_norm;
    SelfAttention::Saved attention;
    Ffn::Saved ffn;  // of a dense block
    MoeLayer::Saved moe;

    // Takes everything but x and what a MoE layer keeps.
    void take(Arena& arena, const ModelConfig& model, std::int64_t tokens, bool dense,
              const Sums& sums);
  };
  // What the gradient of a branch takes first.
  struct BackwardScratch {
    Tensor d_inner;    // by the norm's input, with the norm after the branch
    Tensor d_dropped;  // by what the branch adds, with dropout of it
    static BackwardScratch take(Arena& arena, const ModelConfig& model, std::int64_t tokens);
  };

  // How many [T, hidden] tensors the norms and the residual sums of each pass read and write.
  static constexpr int residual_traffic = 3;
  static constexpr int forward_traffic = 2 * (Norm::forward_traffic + residual_traffic);
  static constexpr int backward_traffic = 2 * (Norm::backward_traffic + residual_traffic);

  // Collective over the expert group for a MoE block. out: [T, hidden].
  void forward(const LayerContext& context, Tensor x, Saved& saved, Tensor out, Pass pass) const;
  // d: [T, hidden], the gradient by the block's output on entry, by its input on return.
  AuxiliaryLosses backward(const LayerContext& context, Saved& saved, Tensor d, double share) const;

 private:
  // A norm with what it saved.
  struct SavedNorm {
    const Norm& norm;
    const Norm::Saved& saved;
    const char* branch;  // "attention" or "ffn"
  };
  // out = what the branch adds times its mask; out may be `in`.
  void drop(const LayerContext& context, const char* branch, Tensor in, Tensor out) const;
  // out = x + branch(norm(x)), or x + norm(branch(x)). branch(in, out) is called for empty batches
  // too.
  template <class Branch>
  void forward_branch(const LayerContext& context, Tensor x, const SavedNorm& norm, Tensor out,
                      Branch branch) const;
  // d += the gradient by x of the branch. branch(in, d_out, d_in) overwrites d_in.
  template <class Branch>
  void backward_branch(const LayerContext& context, Tensor x, const SavedNorm& norm, Tensor d,
                       Tensor d_branch, Branch branch) const;
  bool norms_before() const { return model_.norm_placement == NormPlacement::before; }

  ModelConfig model_;
  int layer_;
  Norm attention_norm_;
  SelfAttention attention_;
  Norm ffn_norm_;
  std::optional<Ffn> ffn_;
  std::optional<MoeLayer> moe_;
};

}  // namespace switchyard
