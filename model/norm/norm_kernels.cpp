// RMSNorm and its gradient on a CPU.
#include <algorithm>
#include <cmath>

#include "model/cpu_ops.h"
#include "runtime/device/ops.h"
#include "runtime/expect.h"
#include "runtime/hd.h"
#include "runtime/sum16.h"

namespace switchyard {
namespace {

struct NormRows {
  const float* x;
  const float* weight;
  std::int64_t rows, n;
};

SWITCHYARD_MULTIVERSION
void norm_chunk(const NormRows& in, float epsilon, float* out, float* inverse) {
  const std::int64_t n = in.n;
  const float* weight = in.weight;
  for (std::int64_t r = 0; r < in.rows; ++r) {
    const float* x = in.x + r * n;
    float* y = out + r * n;
    const float squares = sum16<float>(n, [x](std::int64_t i) { return x[i] * x[i]; });
    const float scale = 1.0F / std::sqrt(squares / static_cast<float>(n) + epsilon);
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] * scale * weight[i];
    inverse[r] = scale;
  }
}

// With s = inverse: d_x = s * weight * d_out - x * s^3 * mean(weight * d_out * x).
SWITCHYARD_MULTIVERSION
void norm_backward_chunk(const NormRows& in, const float* inverse, const float* d_out, float* d_x,
                         float* d_weight) {
  const std::int64_t n = in.n;
  const float* weight = in.weight;
  for (std::int64_t i = 0; i < n; ++i) d_weight[i] = 0.0F;
  for (std::int64_t r = 0; r < in.rows; ++r) {
    const float* x = in.x + r * n;
    const float* d_y = d_out + r * n;
    float* d = d_x + r * n;
    const float dot = sum16<float>(n, [=](std::int64_t i) { return weight[i] * d_y[i] * x[i]; });
    const float scale = inverse[r];
    const float pull = scale * scale * scale * (dot / static_cast<float>(n));
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) {
      const float scaled = d_y[i] * scale;
      d_weight[i] += scaled * x[i];
      d[i] = scaled * weight[i] - x[i] * pull;
    }
  }
}

}  // namespace

void CpuModelOps::rms_norm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverse,
                           Stream& stream) {
  const std::int64_t rows = inverse.size();
  const std::int64_t n = weight.size();
  expect_size("x", x, rows * n);
  expect_size("out", out, rows * n);
  const float* xs = x.as<float>();
  const float* weights = weight.as<float>();
  float* outs = out.as<float>();
  float* inverses = inverse.as<float>();
  parallel_for(stream, num_row_sums(rows), [&](std::int64_t chunk) {
    const std::int64_t begin = chunk * rows_per_sum;
    const NormRows in = {xs + begin * n, weights, std::min(rows_per_sum, rows - begin), n};
    norm_chunk(in, epsilon, outs + begin * n, inverses + begin);
  });
}

void CpuModelOps::rms_norm_backward(const RmsNormGradients& gradients, Tensor scratch,
                                    Stream& stream) {
  const Tensor x = gradients.x, weight = gradients.weight, inverse = gradients.inverse,
               d_out = gradients.d_out, d_x = gradients.d_x, d_weight = gradients.d_weight;
  const std::int64_t rows = inverse.size();
  const std::int64_t n = weight.size();
  expect_size("x", x, rows * n);
  expect_size("d_out", d_out, rows * n);
  expect_size("d_x", d_x, rows * n);
  expect_size("d_weight", d_weight, n);
  require(scratch.size() >= rms_norm_scratch(rows, n), "scratch has {} elements; {} are needed",
          scratch.size(), rms_norm_scratch(rows, n));
  const float* xs = x.as<float>();
  const float* weights = weight.as<float>();
  const float* inverses = inverse.as<float>();
  const float* d_outs = d_out.as<float>();
  float* d_xs = d_x.as<float>();
  float* sums = scratch.as<float>();
  parallel_for(stream, num_row_sums(rows), [&](std::int64_t chunk) {
    const std::int64_t begin = chunk * rows_per_sum;
    const NormRows in = {xs + begin * n, weights, std::min(rows_per_sum, rows - begin), n};
    norm_backward_chunk(in, inverses + begin, d_outs + begin * n, d_xs + begin * n,
                        sums + chunk * n);
  });
  RuntimeOps::on(stream.device())
      .join_row_sums(scratch.range(0, num_row_sums(rows) * n), d_weight, stream);
}

std::int64_t CpuModelOps::rms_norm_scratch(std::int64_t rows, std::int64_t n) const {
  return std::max<std::int64_t>(1, num_row_sums(rows)) * n;
}

}  // namespace switchyard
