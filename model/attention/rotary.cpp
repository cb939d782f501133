#include "model/attention/rotary.h"

#include <algorithm>
#include <cmath>

#include "model/math.h"
#include "runtime/device/host_access.h"
#include "runtime/normal.h"

namespace switchyard {
namespace {

constexpr double pi = 3.14159265358979323846;

double llama3(double frequency, const RopeScaling& scaling) {
  const double turns = static_cast<double>(scaling.original_length) * frequency / (2.0 * pi);
  const double low = scaling.low_frequency_factor, high = scaling.high_frequency_factor;
  const double kept = std::clamp((turns - low) / (high - low), 0.0, 1.0);
  return (1.0 - kept) * frequency / scaling.factor + kept * frequency;
}

// The pair, in general a fraction, that turns `turns` times in the original length.
double pair_that_turns(double turns, std::int64_t head_dim, double base,
                       const RopeScaling& scaling) {
  const double wave = static_cast<double>(scaling.original_length) / turns;
  return static_cast<double>(head_dim) * natural_log(wave / (2.0 * pi)) / (2.0 * natural_log(base));
}

void scale_as_yarn(std::vector<double>& frequency, double base, const RopeScaling& scaling) {
  const std::int64_t head_dim = 2 * std::ssize(frequency);
  double first = pair_that_turns(scaling.beta_fast, head_dim, base, scaling);
  double last = pair_that_turns(scaling.beta_slow, head_dim, base, scaling);
  if (scaling.truncate) {
    first = std::floor(first);
    last = std::ceil(last);
  }
  first = std::max(first, 0.0);
  last = std::min(last, static_cast<double>(head_dim - 1));
  if (last == first) last += 0.001;  // as in the authors' code
  for (std::size_t i = 0; i < frequency.size(); ++i) {
    const double scaled = std::clamp((static_cast<double>(i) - first) / (last - first), 0.0, 1.0);
    frequency[i] = scaled * frequency[i] / scaling.factor + (1.0 - scaled) * frequency[i];
  }
}

}  // namespace

std::vector<double> rope_frequencies(std::int64_t head_dim, float base,
                                     const RopeScaling& scaling) {
  require(head_dim > 0 && head_dim % 2 == 0, Exit::usage,
          "model.head_dim is {}; rotary positions need an even one", head_dim);
  require(base > 1.0F, Exit::usage, "model.rope_base is {}; it must be above 1", base);
  const std::int64_t half = head_dim / 2;
  const double ratio = root(base, half);
  std::vector<double> frequency(static_cast<std::size_t>(half), 1.0);
  for (std::size_t i = 1; i < frequency.size(); ++i) frequency[i] = frequency[i - 1] / ratio;
  if (scaling.type == RopeType::llama3) {
    for (double& each : frequency) each = llama3(each, scaling);
  }
  if (scaling.type == RopeType::yarn) scale_as_yarn(frequency, base, scaling);
  return frequency;
}

double rope_attention_factor(const RopeScaling& scaling) {
  if (scaling.type != RopeType::yarn) return 1.0;
  if (scaling.attention_factor > 0.0) return scaling.attention_factor;
  return 0.1 * natural_log(scaling.factor) + 1.0;
}

RotaryTable::RotaryTable(std::int64_t num_positions, std::int64_t head_dim, float base,
                         Device device, const RopeScaling& scaling)
    : cosine({num_positions, head_dim / 2}, DType::f32, device),
      sine({num_positions, head_dim / 2}, DType::f32, device) {
  const std::vector<double> frequency = rope_frequencies(head_dim, base, scaling);
  const double factor = rope_attention_factor(scaling);
  const std::size_t half = frequency.size();
  std::vector<float> cosines(static_cast<std::size_t>(num_positions) * half), sines(cosines);
  std::size_t next = 0;
  for (std::int64_t p = 0; p < num_positions; ++p) {
    for (std::size_t i = 0; i < half; ++i) {
      const CosSin angle = cos_sin(static_cast<double>(p) * frequency[i]);
      cosines[next] = static_cast<float>(factor * angle.cos);
      sines[next++] = static_cast<float>(factor * angle.sin);
    }
  }
  write_now(cosines.data(), cosine);
  write_now(sines.data(), sine);
}

}  // namespace switchyard
