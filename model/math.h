// Elementary functions of the model, made of IEEE basic operations only: they give the same bits
// with any C library, on host and device.
#pragma once

#include <cstdint>

#include "runtime/math.h"

namespace switchyard {

// Turns the bits of a float into an integer that orders as the float does. The function is its own
// inverse, so that bits_to<float>(ordered_bits(i)) gives the float back. Integer maxima vectorise,
// float maxima do not.
SWITCHYARD_HD inline std::int32_t ordered_bits(std::int32_t bits) {
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

struct CosSin {
  double cos, sin;
};

// Cosine and sine of an angle in [0, 2^29), within 1e-15.
SWITCHYARD_HD inline CosSin cos_sin(double angle) {
  // angle = quarter * pi/2 + r with |r| <= pi/4; pi/2 in three parts, the first two short enough
  // for exact products. Adding 1.5 * 2^52 leaves no place for a fraction: it rounds.
  constexpr double rounder = 6755399441055744.0;
  const double q = (angle * 0.63661977236758134308 + rounder) - rounder;
  const std::int64_t quarter = static_cast<std::int64_t>(q);
  const double r = ((angle - q * 1.57079625129699707031) - q * 7.54978941586159635335e-08) -
                   q * 5.39030285815811905290e-15;
  const double z = r * r;
  // Taylor series to r^15 and r^16.
  double s = -1.0 / 1307674368000.0;
  s = s * z + 1.0 / 6227020800.0;
  s = s * z - 1.0 / 39916800.0;
  s = s * z + 1.0 / 362880.0;
  s = s * z - 1.0 / 5040.0;
  s = s * z + 1.0 / 120.0;
  s = s * z - 1.0 / 6.0;
  s = r + r * z * s;
  double c = 1.0 / 20922789888000.0;
  c = c * z - 1.0 / 87178291200.0;
  c = c * z + 1.0 / 479001600.0;
  c = c * z - 1.0 / 3628800.0;
  c = c * z + 1.0 / 40320.0;
  c = c * z - 1.0 / 720.0;
  c = c * z + 1.0 / 24.0;
  c = 1.0 - 0.5 * z + z * z * c;
  switch (quarter & 3) {
    case 0:
      return {c, s};
    case 1:
      return {-s, c};
    case 2:
      return {-c, -s};
    default:
      return {s, -c};
  }
}

// The positive r with r^n = x, for x >= 1 and n >= 1, by bisection.
SWITCHYARD_HD inline double root(double x, std::int64_t n) {
  double low = 1.0;
  double high = x;
  for (int step = 0; step < 200; ++step) {
    const double middle = low + (high - low) / 2;
    double power = 1.0;
    for (std::int64_t i = 0; i < n && power <= x; ++i) power *= middle;
    (power <= x ? low : high) = middle;
  }
  return low;
}

}  // namespace switchyard
