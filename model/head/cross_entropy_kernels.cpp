// Cross-entropy of logits and its gradient, in place; and what logits say of the next token.
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

// Of e^(x - shift), added up as `exponentials` does, and of e^(x - shift) (x - shift).
struct ExponentialSums {
  double plain = 0.0, weighted = 0.0;
};

SWITCHYARD_MULTIVERSION
ExponentialSums exponential_sums(const float* x, std::int64_t count, float shift) {
  ExponentialSums sums;
  float power[chunk];
  for (std::int64_t begin = 0; begin < count; begin += chunk) {
    const float* part = x + begin;
    const std::int64_t size = count - begin < chunk ? count - begin : chunk;
    for (std::int64_t i = 0; i < size; ++i) power[i] = exp_f32(part[i] - shift);
    sums.plain += sum16<float>(size, [&power](std::int64_t i) { return power[i]; });
    sums.weighted += sum16<float>(
        size, [&power, part, shift](std::int64_t i) { return power[i] * (part[i] - shift); });
  }
  return sums;
}

SWITCHYARD_MULTIVERSION
void multiply(float* x, std::int64_t count, float factor) {
  for (std::int64_t i = 0; i < count; ++i) x[i] *= factor;
}

float log_of_sum(double sum) {
  return std::isfinite(sum) ? log_f32(static_cast<float>(sum))
                            : std::numeric_limits<float>::quiet_NaN();
}

float cross_entropy_row(float* logits, std::int64_t vocabulary, std::int32_t target, float scale) {
  const float at_target = logits[target];
  const float shift = largest(logits, vocabulary);
  const double sum = exponentials(logits, vocabulary, shift);
  multiply(logits, vocabulary, static_cast<float>(scale / sum));
  logits[target] -= scale;
  return log_of_sum(sum) + (shift - at_target);
}

void score_row(const float* logits, std::int64_t vocabulary, std::int32_t target, std::int64_t row,
               const TokenScores& scores) {
  const float shift = largest(logits, vocabulary);
  const ExponentialSums sums = exponential_sums(logits, vocabulary, shift);
  const float log_sum = log_of_sum(sums.plain);
  const float* best = std::find(logits, logits + vocabulary, shift);
  const bool found = best < logits + vocabulary && std::isfinite(sums.plain);
  scores.loss.as<float>()[row] = target < 0 ? 0.0F : log_sum + (shift - logits[target]);
  scores.best.as<std::int32_t>()[row] = found ? static_cast<std::int32_t>(best - logits) : -1;
  scores.best_probability.as<float>()[row] = static_cast<float>(1.0 / sums.plain);
  scores.entropy.as<float>()[row] = log_sum - static_cast<float>(sums.weighted / sums.plain);
  scores.log_sum.as<float>()[row] = log_sum + shift;
}

// Calls work(row) for each row of the targets, which it checks.
template <class Work>
void for_rows(Tensor target, std::int64_t vocabulary, Stream& stream, Work work) {
  const std::int64_t rows = target.size();
  const std::int32_t* targets = target.as<std::int32_t>();
  parallel_for(stream, (rows + rows_per_unit - 1) / rows_per_unit, [&](std::int64_t unit) {
    const std::int64_t end = std::min((unit + 1) * rows_per_unit, rows);
    for (std::int64_t r = unit * rows_per_unit; r < end; ++r) {
      require(targets[r] < vocabulary, "the target of row {} is {}; the vocabulary has {} entries",
              r, targets[r], vocabulary);
      work(r, targets[r]);
    }
  });
}

}  // namespace

void check_token_scores(Tensor logits, Tensor target, const TokenScores& scores) {
  expect_size("logits", logits, target.size() * logits.cols());
  expect_size("loss", scores.loss, target.size());
  expect_size("best", scores.best, target.size());
  expect_size("best_probability", scores.best_probability, target.size());
  expect_size("entropy", scores.entropy, target.size());
  expect_size("log_sum", scores.log_sum, target.size());
}

void CpuModelOps::cross_entropy(Tensor logits, Tensor target, float scale, Tensor loss,
                                Stream& stream) {
  const std::int64_t rows = target.size();
  const std::int64_t vocabulary = logits.cols();
  expect_size("logits", logits, rows * vocabulary);
  expect_size("loss", loss, rows);
  float* values = logits.as<float>();
  float* losses = loss.as<float>();
  for_rows(target, vocabulary, stream, [&](std::int64_t r, std::int32_t wanted) {
    float* row = values + r * vocabulary;
    if (wanted >= 0) {
      losses[r] = cross_entropy_row(row, vocabulary, wanted, scale);
    } else {
      std::fill_n(row, vocabulary, 0.0F);
      losses[r] = 0.0F;
    }
  });
}

void CpuModelOps::token_scores(Tensor logits, Tensor target, const TokenScores& scores,
                               Stream& stream) {
  const std::int64_t vocabulary = logits.cols();
  check_token_scores(logits, target, scores);
  for_rows(target, vocabulary, stream, [&](std::int64_t r, std::int32_t wanted) {
    score_row(logits.as<float>() + r * vocabulary, vocabulary, wanted, r, scores);
  });
}

}  // namespace switchyard
