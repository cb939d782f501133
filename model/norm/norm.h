// Norm: RMSNorm with its weight, for the blocks and the end of the model.
#pragma once

#include <cstdint>
#include <string>

#include "model/layer_context.h"

namespace switchyard {

class Norm {
 public:
  Norm(Params& params, const std::string& name, std::int64_t hidden, float epsilon);

  // What backward needs.
  struct Saved {
    Tensor out, inverse;
    static Saved take(Arena& arena, std::int64_t rows, std::int64_t cols);
  };
  struct BackwardScratch {
    Tensor d_weight, sums;
    static BackwardScratch take(Arena& arena, std::int64_t rows, std::int64_t cols, Device device);
  };
  // How many tensors of x's size each pass reads and writes.
  static constexpr int forward_traffic = 2, backward_traffic = 3;

  // x: [rows, hidden]. Fills `saved`, which the caller took.
  void forward(const LayerContext& context, Tensor x, const Saved& saved) const;
  // d_x may be d_out. Adds one addend to the gradient.
  void backward(const LayerContext& context, Tensor x, const Saved& saved, Tensor d_out,
                Tensor d_x) const;

 private:
  ParamId weight_;
  float epsilon_;
};

}  // namespace switchyard
