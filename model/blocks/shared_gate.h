// SharedGate: the share with which a shared expert's output counts for each token,
// sigmoid(x . weight), as in Qwen1.5-MoE.
#pragma once

#include <cstdint>
#include <string>

#include "model/layer_context.h"

namespace switchyard {

class SharedGate {
 public:
  // Declares `name`, [1, hidden].
  SharedGate(Params& params, const std::string& name, std::int64_t hidden, double init_std);

  // What backward needs.
  struct Saved {
    Tensor rows, share;  // [T, hidden], which the caller fills in; [T]
    static Saved take(Arena& arena, std::int64_t tokens, std::int64_t hidden);
  };
  struct BackwardScratch {
    Tensor d_rows, d_score;  // [T, hidden], [T, 1]
    static BackwardScratch take(Arena& arena, std::int64_t tokens, std::int64_t hidden);
  };

  // out += share * saved.rows. x, out: [T, hidden].
  void forward(const LayerContext& context, Tensor x, const Saved& saved, Tensor out) const;
  // Returns the gradient by saved.rows, in scratch. Adds to d_x, and one addend to the weight's
  // gradient.
  Tensor backward(const LayerContext& context, Tensor x, const Saved& saved, Tensor d_out,
                  Tensor d_x) const;

 private:
  ParamId weight_;
};

}  // namespace switchyard
