// Block: one pre-norm transformer layer, x + attention(norm(x)), then + ffn(norm(.)), dense or
// mixture-of-experts.
#pragma once

#include <optional>

#include "model/attention/self_attention.h"
#include "model/blocks/moe_layer.h"
#include "model/blocks/norm.h"

namespace switchyard {

class Block {
 public:
  Block(Params& params, const ModelConfig& model, const RouterConfig& router, Mesh& mesh,
        Exchange& exchange, const GateInputs& inputs);
  void host_experts(Params& params);
  MoeLayer* moe() { return moe_ ? &*moe_ : nullptr; }
  Gate* gate() { return moe_ ? &moe_->gate() : nullptr; }  // of a MoE block

  struct Saved {
    Tensor x, middle;  // into the block; between attention and FFN
    Norm::Saved attention_norm, ffn_norm;
    SelfAttention::Saved attention;
    Ffn::Saved ffn;
    MoeLayer::Saved moe;
  };

  // Collective over the expert group for a MoE block. out: [T, hidden].
  void forward(const Params& params, const Batch& batch, const RotaryTable& rotary, Tensor x,
               Saved& saved, Tensor out, const Workspace& workspace, Pass pass,
               Stream& stream) const;
  // d: [T, hidden], the gradient by the block's output on entry, by its input on return.
  AuxiliaryLosses backward(Params& params, const Batch& batch, const RotaryTable& rotary,
                           Saved& saved, Tensor d, double share, Arena& scratch,
                           Stream& stream) const;

 private:
  Norm attention_norm_;
  SelfAttention attention_;
  Norm ffn_norm_;
  std::int64_t ffn_hidden_;
  std::optional<Ffn> ffn_;
  std::optional<MoeLayer> moe_;
};

}  // namespace switchyard
