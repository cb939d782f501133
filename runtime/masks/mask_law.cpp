#include "runtime/masks/mask_law.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "runtime/hd.h"
#include "runtime/normal.h"

namespace switchyard {
namespace {

constexpr int shares = 65536;

std::vector<float> make_quantiles() {
  std::vector<double> exact;
  double squares = 0.0;
  for (int i = 0; i < shares; ++i) {
    exact.push_back(normal_quantile((i + 0.5) / shares));
    squares += exact.back() * exact.back();
  }
  const double deviation = std::sqrt(squares / shares);
  std::vector<float> quantiles;
  for (const double z : exact) quantiles.push_back(static_cast<float>(z / deviation));
  return quantiles;
}

const float* normal_quantiles() {
  static const std::vector<float> quantiles = make_quantiles();
  return quantiles.data();
}

// ivdep: out may be in, but no element depends on another one.
SWITCHYARD_MULTIVERSION
void drop(const std::uint16_t* bits, std::int32_t threshold, float kept, const float* in,
          float* out, std::size_t count) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < count; ++i)
    out[i] = in[i] * (std::int32_t{bits[i]} < threshold ? 0.0F : kept);
}

SWITCHYARD_MULTIVERSION
void add_dropped(const std::uint16_t* bits, std::int32_t threshold, float kept, const float* in,
                 float* sum, std::size_t count) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < count; ++i)
    sum[i] += in[i] * (std::int32_t{bits[i]} < threshold ? 0.0F : kept);
}

SWITCHYARD_MULTIVERSION
void scale(const std::uint16_t* bits, const float* quantiles, float deviation, const float* in,
           float* out, std::size_t count) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < count; ++i) out[i] = in[i] * (1.0F + deviation * quantiles[bits[i]]);
}

SWITCHYARD_MULTIVERSION
void add_scaled(const std::uint16_t* bits, const float* quantiles, float deviation, const float* in,
                float* sum, std::size_t count) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < count; ++i) sum[i] += in[i] * (1.0F + deviation * quantiles[bits[i]]);
}

}  // namespace

MaskLaw::MaskLaw(MaskKind kind, double rate)
    : threshold_(
          static_cast<std::int32_t>(std::clamp(std::llround(shares * rate), 0LL, shares - 1LL))) {
  const double p = static_cast<double>(threshold_) / shares;
  if (kind == MaskKind::drop) {
    kept_ = static_cast<float>(1.0 / (1.0 - p));
  } else if (masks()) {
    deviation_ = static_cast<float>(std::sqrt(p / (1.0 - p)));
    quantiles_ = normal_quantiles();
  }
}

float MaskLaw::factor(std::uint16_t bits) const {
  const float one = 1.0F;
  float factor = 0.0F;
  multiply({&bits, 1}, &one, &factor);
  return factor;
}

void MaskLaw::multiply(std::span<const std::uint16_t> bits, const float* in, float* out) const {
  if (quantiles_ != nullptr)
    return scale(bits.data(), quantiles_, deviation_, in, out, bits.size());
  drop(bits.data(), threshold_, kept_, in, out, bits.size());
}

void MaskLaw::multiply_add(std::span<const std::uint16_t> bits, const float* in, float* sum) const {
  if (quantiles_ != nullptr)
    return add_scaled(bits.data(), quantiles_, deviation_, in, sum, bits.size());
  add_dropped(bits.data(), threshold_, kept_, in, sum, bits.size());
}

}  // namespace switchyard
