// Norm: RMSNorm with its weight, for the blocks and the end of the model.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/params/params.h"

namespace switchyard {

class Norm {
 public:
  Norm(Params& params, const std::string& name, std::int64_t hidden, float epsilon);

  struct Saved {
    Tensor out, inverse;
  };
  void forward(const Params& params, Tensor x, Saved& saved, Arena& arena, Stream& stream) const;
  // d_x may be d_out. Adds one addend to the gradient.
  void backward(Params& params, Tensor x, const Saved& saved, Tensor d_out, Tensor d_x,
                Arena& scratch, Stream& stream) const;

 private:
  ParamId weight_;
  float epsilon_;
};

}  // namespace switchyard
