// Elementary functions with the same bits on every instruction set: correctly rounded operations,
// in the order written. Inline and branch-free, so that loops over them vectorise.
#pragma once

#include <cmath>
#include <cstdint>

#include "runtime/hd.h"

namespace switchyard {

template <class To, class From>
SWITCHYARD_HD inline To bits_to(From from) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, from);
}

// a * b + c, rounded once: one instruction where the processor has it (SWITCHYARD_MULTIVERSION),
// the C library's slow but equal one elsewhere.
SWITCHYARD_HD inline float fma_f32(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

// x * scale to the nearest integer, ties to even, for |x * scale| < 2^62.
SWITCHYARD_HD inline std::int64_t fixed_of(double x, double scale) {
  return std::llrint(x * scale);
}

// e^x in f32, within 2 units in the last place; 0 below -87.3, e^88.7 above 88.7; NaN stays NaN.
SWITCHYARD_HD inline float exp_f32(float x) {
  const float raised = x < -87.3F ? -87.3F : x;
  const float clamped = raised > 88.7F ? 88.7F : raised;
  const float shifted =
      fma_f32(clamped, 1.44269504F, 12582912.0F);  // the nearest integer, in the low mantissa bits
  const float n = shifted - 12582912.0F;
  const float r = fma_f32(n, 2.12194440e-4F, fma_f32(n, -0.693359375F, clamped));
  // The polynomial as pairs of terms, so that few operations wait for one another.
  const float r2 = r * r;
  const float low = fma_f32(1.6666665459e-1F, r, 5.0000001201e-1F);
  const float middle = fma_f32(8.3334519073e-3F, r, 4.1665795894e-2F);
  const float high = fma_f32(1.9875691500e-4F, r, 1.3981999507e-3F);
  const float y = fma_f32(fma_f32(fma_f32(high, r2, middle), r2, low), r2, r) + 1.0F;
  const std::uint32_t whole = bits_to<std::uint32_t>(shifted) - bits_to<std::uint32_t>(12582912.0F);
  const float result = bits_to<float>(bits_to<std::uint32_t>(y) + (whole << 23));  // y * 2^n
  return x >= -87.3F ? result : raised - raised;                                   // 0, or NaN
}

// Natural logarithm of a positive, normal x in f32, within 2 units in the last place.
SWITCHYARD_HD inline float log_f32(float x) {
  std::int32_t bits = bits_to<std::int32_t>(x);
  std::int32_t exponent = (bits >> 23) - 126;
  float m = bits_to<float>((bits & 0x007fffff) | 0x3f000000);  // [0.5, 1)
  const bool low = m < 0.707106781F;
  exponent -= low ? 1 : 0;
  m = low ? m + m - 1.0F : m - 1.0F;
  const float e = static_cast<float>(exponent);
  const float z = m * m;
  float p = 7.0376836292e-2F;
  p = p * m - 1.1514610310e-1F;
  p = p * m + 1.1676998740e-1F;
  p = p * m - 1.2420140846e-1F;
  p = p * m + 1.4249322787e-1F;
  p = p * m - 1.6668057665e-1F;
  p = p * m + 2.0000714765e-1F;
  p = p * m - 2.4999993993e-1F;
  p = p * m + 3.3333331174e-1F;
  float y = p * m * z;
  y = y + e * -2.12194440e-4F;
  y = y - 0.5F * z;
  return (m + y) + e * 0.693359375F;
}

SWITCHYARD_HD inline float sigmoid_f32(float x) { return 1.0F / (1.0F + exp_f32(-x)); }

}  // namespace switchyard
