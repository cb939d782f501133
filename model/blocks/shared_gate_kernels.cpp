// Rows that count by a share of each, and their gradient, on a CPU.
#include <algorithm>

#include "model/cpu_ops.h"
#include "runtime/expect.h"
#include "runtime/hd.h"
#include "runtime/math.h"
#include "runtime/sum16.h"

namespace switchyard {
namespace {

constexpr std::int64_t rows_per_unit = 64;  // that one thread takes at a time

SWITCHYARD_MULTIVERSION
float dot(const float* a, const float* b, std::int64_t n) {
  return sum16<float>(n, [=](std::int64_t i) { return a[i] * b[i]; });
}

SWITCHYARD_MULTIVERSION
void scale_row(const float* x, float factor, float* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = factor * x[i];
}

SWITCHYARD_MULTIVERSION
void add_scaled_row(const float* x, float factor, float* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) out[i] += factor * x[i];
}

template <class Row>
void for_rows(Stream& stream, std::int64_t rows, Row row) {
  parallel_for(stream, (rows + rows_per_unit - 1) / rows_per_unit, [&](std::int64_t unit) {
    const std::int64_t begin = unit * rows_per_unit, end = std::min(rows, begin + rows_per_unit);
    for (std::int64_t r = begin; r < end; ++r) row(r);
  });
}

}  // namespace

void check_gated_rows(const GatedRows& tensors) {
  const std::int64_t n = tensors.share.size() * tensors.weight.size();
  expect_size("x", tensors.x, n);
  expect_size("rows", tensors.rows, n);
}

void check_gated_rows_gradients(const GatedRows& tensors, const GatedRowsGradients& gradients) {
  check_gated_rows(tensors);
  expect_size("d_out", gradients.d_out, tensors.x.size());
  expect_size("d_rows", gradients.d_rows, tensors.x.size());
  expect_size("d_score", gradients.d_score, tensors.share.size());
  expect_size("d_x", gradients.d_x, tensors.x.size());
}

void CpuModelOps::add_gated(const GatedRows& tensors, Tensor out, Stream& stream) {
  check_gated_rows(tensors);
  expect_size("out", out, tensors.x.size());
  const std::int64_t n = tensors.weight.size();
  const float *xs = tensors.x.as<float>(), *weight = tensors.weight.as<float>(),
              *rows = tensors.rows.as<float>();
  float *shares = tensors.share.as<float>(), *outs = out.as<float>();
  for_rows(stream, tensors.share.size(), [=](std::int64_t r) {
    shares[r] = sigmoid_f32(dot(xs + r * n, weight, n));
    add_scaled_row(rows + r * n, shares[r], outs + r * n, n);
  });
}

void CpuModelOps::add_gated_backward(const GatedRows& tensors, const GatedRowsGradients& gradients,
                                     Stream& stream) {
  check_gated_rows_gradients(tensors, gradients);
  const std::int64_t n = tensors.weight.size();
  const float *weight = tensors.weight.as<float>(), *rows = tensors.rows.as<float>(),
              *shares = tensors.share.as<float>(), *d_outs = gradients.d_out.as<float>();
  float *d_rows = gradients.d_rows.as<float>(), *d_scores = gradients.d_score.as<float>(),
        *d_xs = gradients.d_x.as<float>();
  for_rows(stream, tensors.share.size(), [=](std::int64_t r) {
    const float share = shares[r];
    d_scores[r] = dot(d_outs + r * n, rows + r * n, n) * share * (1.0F - share);
    scale_row(d_outs + r * n, share, d_rows + r * n, n);
    add_scaled_row(weight, d_scores[r], d_xs + r * n, n);
  });
}

}  // namespace switchyard
