// SelfAttention: projections, optional QK-norm, rotary positions and causal attention with grouped
// key/value heads, in some layers to a window of the last tokens.
#pragma once

#include <array>
#include <string>

#include "model/attention/rotary.h"
#include "model/config.h"
#include "model/layer_context.h"
#include "model/norm/norm.h"
#include "model/ops.h"
#include "runtime/params/linear.h"

namespace switchyard {

class SelfAttention {
 public:
  // Declares name.q [heads D, hidden], name.k and name.v [kv heads D, hidden], name.o [hidden,
  // heads D], their biases if configured (see Linear), and with QK-norm name.q_norm and
  // name.k_norm: [D], or over the projection [heads D] and [kv heads D]. The rotary table serves
  // all layers of a model and outlives them.
  SelfAttention(Params& params, const std::string& name, int layer, const ModelConfig& config,
                const RotaryTable& rotary);

  // Of the projections q, k, v and o; see Linear::Work.
  using Ranks = std::array<std::int64_t, 4>;
  Ranks ranks() const { return {q_.rank(), k_.rank(), v_.rank(), o_.rank()}; }

  // What backward needs: the projections as the products left them, and as attention read them.
  struct Saved {
    Tensor q, k, v, rotated_q, rotated_k, inverse_q, inverse_k, attention_out, log_sum;
    std::array<Tensor, 4> narrow;  // [T, rank] of each projection
    Linear::Work work(std::size_t projection) const { return {narrow[projection], {}, nullptr}; }
    static Saved take(Arena& arena, const ModelConfig& config, std::int64_t tokens,
                      const Ranks& ranks);
    static Saved take(Arena& arena, const ModelConfig& config, std::int64_t tokens) {
      return take(arena, config, tokens, {});
    }
  };
  struct BackwardScratch {
    Tensor d_attention_out, d_rotated_q, d_rotated_k, d_v, tiles;
    Norm::BackwardScratch q_norm, k_norm;         // with QK-norm
    Linear::BiasScratch q_bias, kv_bias, o_bias;  // with biases
    static BackwardScratch take(Arena& arena, const ModelConfig& config, std::int64_t tokens,
                                const AttentionShape& shape, const Stream& stream);
  };
  // The scratch of forward: what ModelOps::attention asks for.
  static Tensor take_tiles(Arena& arena, const AttentionShape& shape, const Stream& stream);

  // x, out: [T, hidden]. Fills `saved`, which the caller took for ranks(). With batch.past, attends
  // to the texts there and adds to them; no backward may follow.
  void forward(const LayerContext& context, Tensor x, const Saved& saved, Tensor out) const;
  // Overwrites d_x and saved.narrow. Adds one addend to each gradient.
  void backward(const LayerContext& context, Tensor x, const Saved& saved, Tensor d_out,
                Tensor d_x) const;

 private:
  // rotated = the rotation of x, normalised if there is a norm. x: queries or keys, [T, heads D].
  void apply_rotary(const LayerContext& context, ParamId norm, Tensor x, Tensor rotated,
                    Tensor inverse) const;
  // Replaces d, the gradient by the result of apply_rotary, with the gradient by its x.
  void undo_rotary(const LayerContext& context, ParamId norm, Tensor x, Tensor inverse, Tensor d,
                   const Norm::BackwardScratch& scratch) const;
  AttentionShape shape_of(const Batch& batch) const;
  void attend(const LayerContext& context, const Saved& saved) const;

  AttentionTensors tensors_of(const Batch& batch, const Saved& saved) const;

  ModelConfig config_;
  const RotaryTable& rotary_;
  int layer_;
  std::int64_t window_;  // see window_of
  Linear q_, k_, v_, o_;
  ParamId q_norm_ = -1, k_norm_ = -1;
};

}  // namespace switchyard
