// Cross-entropy of logits and its gradient, in place.
#include <algorithm>
#include <cmath>
#include <limits>

#include "model/cpu_ops.h"
#include "model/math.h"
#include "runtime/expect.h"
#include "runtime/sum16.h"

namespace switchyard {
namespace {

constexpr std::int64_t rows_per_unit = 16;
constexpr std::int64_t chunk =
    1024;  // exponentials are summed in f32 within a chunk, in double across chunks

// A NaN becomes the largest element, or shows up in the exponentials.
SWITCHYARD_MULTIVERSION
float largest(const float* x, std::int64_t count) {
  std::int32_t result = std::numeric_limits<std::int32_t>::min();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t bits = ordered_bits(bits_to<std::int32_t>(x[i]));
    result = bits > result ? bits : result;
  }
  return bits_to<float>(ordered_bits(result));
}

// x = e^(x - shift); returns the sum.
SWITCHYARD_MULTIVERSION
double exponentials(float* x, std::int64_t count, float shift) {
  double sum = 0.0;
  for (std::int64_t begin = 0; begin < count; begin += chunk) {
    float* part = x + begin;
    const std::int64_t size = count - begin < chunk ? count - begin : chunk;
    for (std::int64_t i = 0; i < size; ++i) part[i] = exp_f32(part[i] - shift);
    sum += sum16<float>(size, [part](std::int64_t i) { return part[i]; });
  }
  return sum;
}

SWITCHYARD_MULTIVERSION
void multiply(float* x, std::int64_t count, float factor) {
  for (std::int64_t i = 0; i < count; ++i) x[i] *= factor;
}

float cross_entropy_row(float* logits, std::int64_t vocabulary, std::int32_t target, float scale) {
  const float at_target = logits[target];
  const float shift = largest(logits, vocabulary);
  const double sum = exponentials(logits, vocabulary, shift);
  multiply(logits, vocabulary, static_cast<float>(scale / sum));
  logits[target] -= scale;
  const float log_sum = std::isfinite(sum) ? log_f32(static_cast<float>(sum))
                                           : std::numeric_limits<float>::quiet_NaN();
  return log_sum + (shift - at_target);
}

}  // namespace

void CpuModelOps::cross_entropy(Tensor logits, Tensor target, float scale, Tensor loss,
                                Stream& stream) {
  const std::int64_t rows = target.size();
  const std::int64_t vocabulary = logits.cols();
  expect_size("logits", logits, rows * vocabulary);
  expect_size("loss", loss, rows);
  float* values = logits.as<float>();
  const std::int32_t* targets = target.as<std::int32_t>();
  float* losses = loss.as<float>();
  parallel_for(stream, (rows + rows_per_unit - 1) / rows_per_unit, [&](std::int64_t unit) {
    const std::int64_t end = std::min((unit + 1) * rows_per_unit, rows);
    for (std::int64_t r = unit * rows_per_unit; r < end; ++r) {
      require(targets[r] < vocabulary, "the target of row {} is {}; the vocabulary has {} entries",
              r, targets[r], vocabulary);
      float* row = values + r * vocabulary;
      if (targets[r] >= 0) {
        losses[r] = cross_entropy_row(row, vocabulary, targets[r], scale);
      } else {
        std::fill_n(row, vocabulary, 0.0F);
        losses[r] = 0.0F;
      }
    }
  });
}

}  // namespace switchyard
