#include "experts/cuda_ops.h"
#include "experts/math.h"
#include "runtime/expect.h"
#include "runtime/device/map.h"

namespace switchyard {
namespace {

struct Swiglu {
  __device__ float operator()(float gate, float up) const { return swiglu_of(gate, up); }
};

// One pass over memory for both gradients. An output may be an input: a thread reads an element
// before it writes it.
__global__ void swiglu_backward_kernel(const float* gate, const float* up, const float* d_out,
                                       std::int64_t count, std::int64_t quads, float* d_gate,
                                       float* d_up) {
  const std::int64_t first = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = first; i < quads; i += stride) {
    const float4 g = load4(gate + 4 * i), u = load4(up + 4 * i), d = load4(d_out + 4 * i);
    const SwigluGradient x = swiglu_gradient_of(g.x, u.x, d.x);
    const SwigluGradient y = swiglu_gradient_of(g.y, u.y, d.y);
    const SwigluGradient z = swiglu_gradient_of(g.z, u.z, d.z);
    const SwigluGradient w = swiglu_gradient_of(g.w, u.w, d.w);
    store4(d_gate + 4 * i, make_float4(x.gate, y.gate, z.gate, w.gate));
    store4(d_up + 4 * i, make_float4(x.up, y.up, z.up, w.up));
  }
  for (std::int64_t i = 4 * quads + first; i < count; i += stride) {
    const SwigluGradient gradient = swiglu_gradient_of(gate[i], up[i], d_out[i]);
    d_gate[i] = gradient.gate;
    d_up[i] = gradient.up;
  }
}

class CudaExpertOps final : public ExpertOps {
 public:
  void swiglu(Tensor gate, Tensor up, Tensor out, Stream& stream) override {
    expect_size("up", up, gate.size());
    expect_size("out", out, gate.size());
    map(Swiglu{}, gate.size(), device_data<float>(out), stream, device_data<float>(gate),
        device_data<float>(up));
  }

  void swiglu_backward(Tensor gate, Tensor up, Tensor d_out, Tensor d_gate, Tensor d_up,
                       Stream& stream) override {
    const std::int64_t count = gate.size();
    expect_size("up", up, count);
    expect_size("d_out", d_out, count);
    expect_size("d_gate", d_gate, count);
    expect_size("d_up", d_up, count);
    const bool whole = in_quads(0, gate.data, up.data, d_out.data, d_gate.data, d_up.data);
    const std::int64_t quads = whole ? count / 4 : 0;
    launch(swiglu_backward_kernel, map_grid(quads > 0 ? quads : count), stream,
           device_data<float>(gate), device_data<float>(up), device_data<float>(d_out), count,
           quads, device_data<float>(d_gate), device_data<float>(d_up));
  }
};

}  // namespace

ExpertOps& cuda_expert_ops() {
  static CudaExpertOps ops;
  return ops;
}

}  // namespace switchyard
