// Block: one pre-norm transformer layer, x + attention(norm(x)), then + ffn(norm(.)), dense or
// mixture-of-experts.
#pragma once

#include <optional>

#include "model/attention/self_attention.h"
#include "model/blocks/moe_layer.h"
#include "model/norm/norm.h"

namespace switchyard {

bool is_dense(const ModelConfig& model, int layer);

class Block {
 public:
  // Declares the layer's dense parameters; see SelfAttention and MoeLayer.
  Block(Params& params, const ModelConfig& model, const RouterConfig& router, Mesh& mesh,
        Exchange& exchange, const RotaryTable& rotary, const GateInputs& inputs);
  void host_experts(Params& params);
  bool is_moe() const { return moe_.has_value(); }
  MoeLayer* moe() { return moe_ ? &*moe_ : nullptr; }
  Gate* gate() { return moe_ ? &moe_->gate() : nullptr; }  // of a MoE block

  struct Saved {
    Tensor x, middle;  // into the block; between attention and FFN
    Norm::Saved attention_norm, ffn_norm;
    SelfAttention::Saved attention;
    Ffn::Saved ffn;  // of a dense block
    MoeLayer::Saved moe;

    // Takes everything but x and what a MoE layer keeps.
    void take(Arena& arena, const ModelConfig& model, std::int64_t tokens, bool dense);
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
  AuxiliaryLosses backward_ffn(const LayerContext& context, Saved& saved, Tensor d, Tensor d_branch,
                               double share) const;
  void backward_attention(const LayerContext& context, const Saved& saved, Tensor d,
                          Tensor d_branch) const;

  ModelConfig model_;
  Norm attention_norm_;
  SelfAttention attention_;
  Norm ffn_norm_;
  std::optional<Ffn> ffn_;
  std::optional<MoeLayer> moe_;
};

}  // namespace switchyard
