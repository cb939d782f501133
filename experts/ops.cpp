#include "experts/ops.h"

#include <algorithm>

#include "experts/cuda_ops.h"
#include "experts/math.h"
#include "runtime/expect.h"

namespace switchyard {
namespace {

constexpr std::int64_t unit = 16384;  // elements that one thread takes at a time

// ivdep: an output may be an input, but no element depends on another one.
SWITCHYARD_MULTIVERSION
void swiglu_range(const float* gate, const float* up, float* out, std::int64_t count) {
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) out[i] = swiglu_of(gate[i], up[i]);
}

SWITCHYARD_MULTIVERSION
void swiglu_backward_range(const float* gate, const float* up, const float* d_out, float* d_gate,
                           float* d_up, std::int64_t count) {
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const SwigluGradient gradient = swiglu_gradient_of(gate[i], up[i], d_out[i]);
    d_gate[i] = gradient.gate;
    d_up[i] = gradient.up;
  }
}

class CpuExpertOps final : public ExpertOps {
 public:
  void swiglu(Tensor gate, Tensor up, Tensor out, Stream& stream) override {
    expect_size("up", up, gate.size());
    expect_size("out", out, gate.size());
    const float* gates = gate.as<float>();
    const float* ups = up.as<float>();
    float* outs = out.as<float>();
    parallel_for(stream, (gate.size() + unit - 1) / unit, [&](std::int64_t i) {
      const std::int64_t begin = i * unit;
      const std::int64_t count = std::min(unit, gate.size() - begin);
      swiglu_range(gates + begin, ups + begin, outs + begin, count);
    });
  }

  void swiglu_backward(Tensor gate, Tensor up, Tensor d_out, Tensor d_gate, Tensor d_up,
                       Stream& stream) override {
    expect_size("up", up, gate.size());
    expect_size("d_out", d_out, gate.size());
    expect_size("d_gate", d_gate, gate.size());
    expect_size("d_up", d_up, gate.size());
    const float* gates = gate.as<float>();
    const float* ups = up.as<float>();
    const float* d_outs = d_out.as<float>();
    float* d_gates = d_gate.as<float>();
    float* d_ups = d_up.as<float>();
    parallel_for(stream, (gate.size() + unit - 1) / unit, [&](std::int64_t i) {
      const std::int64_t begin = i * unit;
      const std::int64_t count = std::min(unit, gate.size() - begin);
      swiglu_backward_range(gates + begin, ups + begin, d_outs + begin, d_gates + begin,
                            d_ups + begin, count);
    });
  }
};

}  // namespace

ExpertOps& ExpertOps::on(Device device) {
  static CpuExpertOps ops;
  return device.kind == Device::Kind::cpu ? ops : cuda_expert_ops();
}

}  // namespace switchyard
