// The activation of one element, which the CPU and CUDA kernels share.
#pragma once

#include "runtime/math.h"

namespace switchyard {

// SwiGLU (Shazeer 2020, arXiv:2002.05202): silu(gate) * up, where silu(x) = x * sigmoid(x).
SWITCHYARD_HD inline float swiglu_of(float gate, float up) { return gate * sigmoid_f32(gate) * up; }

struct SwigluGradient {
  float gate, up;
};

SWITCHYARD_HD inline SwigluGradient swiglu_gradient_of(float gate, float up, float d_out) {
  const float sigmoid = sigmoid_f32(gate);
  const float silu = gate * sigmoid;
  const float d_silu = sigmoid * (1.0F + gate * (1.0F - sigmoid));
  return {d_out * up * d_silu, d_out * silu};
}

}  // namespace switchyard
