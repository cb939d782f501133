// Noise of gates, on a CPU.
#include "router/gate/cpu_gate_ops.h"
#include "router/token_chunks.h"

namespace switchyard {

void CpuGateOps::add_noise(const Random& random, std::uint64_t first, Tensor width, Tensor logits,
                           Stream& stream) {
  auto* raw = width.as<float>();
  auto* out = logits.as<float>();
  const std::int64_t experts = logits.cols();
  for_chunks(logits.rows(), stream, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin * experts; i < end * experts; ++i) {
      const auto normal = static_cast<float>(random.normal(first + static_cast<std::uint64_t>(i)));
      out[i] += normal * softplus_f32(raw[i]);
      raw[i] = normal * sigmoid_f32(raw[i]);
    }
  });
}

void CpuGateOps::jitter(const Random& random, std::uint64_t first, float amount, Tensor in,
                        Tensor out, Stream& stream) {
  const std::int64_t cols = in.cols();
  for_chunks(in.rows(), stream, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin * cols; i < end * cols; ++i) {
      const double uniform = random.uniform(first + static_cast<std::uint64_t>(i));
      const float factor = 1.0F + amount * static_cast<float>(2.0 * uniform - 1.0);
      out.as<float>()[i] = in.as<float>()[i] * factor;
    }
  });
}

void CpuGateOps::multiply(Tensor in, Tensor inout, Stream& stream) {
  for_chunks(inout.size(), stream, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) inout.as<float>()[i] *= in.as<float>()[i];
  });
}

}  // namespace switchyard
