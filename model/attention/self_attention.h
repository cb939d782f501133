// SelfAttention: projections, optional QK-norm, rotary positions and causal attention with grouped
// key/value heads.
#pragma once

#include <string>

#include "model/attention/rotary.h"
#include "model/config.h"
#include "model/ops.h"
#include "runtime/batch.h"
#include "runtime/params/linear.h"

namespace switchyard {

class SelfAttention {
 public:
  // Declares name.q [heads D, hidden], name.k and name.v [kv heads D, hidden], name.o [hidden,
  // heads D], and with QK-norm (arXiv:2302.05442) name.q_norm and name.k_norm [D].
  SelfAttention(Params& params, const std::string& name, int layer, const ModelConfig& config);

  // What backward needs. The projections as they left the matmul, and as attention saw them.
  struct Saved {
    Tensor q, k, v, rotated_q, rotated_k, inverse_q, inverse_k, attention_out, log_sum;
  };

  // x, out: [T, hidden]. `arena` keeps what backward needs; `scratch` may be reset afterwards. With
  // batch.past, attends to the texts there and adds to them; nothing is kept for backward.
  void forward(const Params& params, const Batch& batch, const RotaryTable& rotary, Tensor x,
               Saved& saved, Tensor out, Arena& arena, Arena& scratch, Stream& stream) const;
  // Overwrites d_x. Adds one addend to each gradient.
  void backward(Params& params, const Batch& batch, const RotaryTable& rotary, Tensor x,
                const Saved& saved, Tensor d_out, Tensor d_x, Arena& scratch, Stream& stream) const;

 private:
  // Norm and rotation of queries or keys, [T, heads, D].
  Tensor apply_rotary(const Params& params, const Batch& batch, const RotaryTable& rotary,
                      ParamId norm, Tensor x, Tensor& inverse, Arena& arena, Stream& stream) const;
  Tensor undo_rotary(Params& params, const Batch& batch, const RotaryTable& rotary, ParamId norm,
                     Tensor x, Tensor inverse, Tensor d_rotated, Arena& scratch,
                     Stream& stream) const;
  AttentionShape shape_of(const Batch& batch) const;
  static AttentionTensors tensors_of(const Batch& batch, const Saved& saved);
  void attend(const Batch& batch, const Saved& saved, Arena& scratch, Stream& stream) const;

  ModelConfig config_;
  int layer_;
  Linear q_, k_, v_, o_;
  ParamId q_norm_ = -1, k_norm_ = -1;
};

}  // namespace switchyard
