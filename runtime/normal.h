// The normal distribution from basic arithmetic, on host and device.
#pragma once

#include <cmath>

#include "runtime/hd.h"

namespace switchyard {

// ln x for a positive, normal x, from basic arithmetic alone: libm's may differ in the last bit
// from machine to machine.
SWITCHYARD_HD inline double natural_log(double x) {
  int exponent = 0;
  const double m = std::frexp(x, &exponent);  // [0.5, 1)
  const double t = (m - 0.75) / (m + 0.75);   // ln m = ln 0.75 + 2 atanh t, |t| <= 0.2
  const double t2 = t * t;
  double series = 0.0;
  for (int k = 23; k >= 1; k -= 2) series = series * t2 + 1.0 / k;
  return 2.0 * t * series - 0.28768207245178092744 + exponent * 0.69314718055994530942;
}

// Inverse of the normal distribution function: Wichura, "The percentage points of the normal
// distribution", AS 241 (1988), routine PPND7, about 1 part in 10^7.
SWITCHYARD_HD inline double normal_quantile(double p) {
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179) /
           (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0);
  }
  double r = std::sqrt(-natural_log(q < 0 ? p : 1.0 - p));
  double z;
  if (r <= 5.0) {
    r -= 1.6;
    z = (((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777) /
        ((0.12021132975 * r + 0.73700164250) * r + 1.0);
  } else {
    r -= 5.0;
    z = (((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150) /
        ((0.012258202635 * r + 0.24197894225) * r + 1.0);
  }
  return q < 0 ? -z : z;
}

}  // namespace switchyard
