#include "runtime/exact_sum.h"

#include <bit>
#include <cmath>

#include "runtime/error.h"
#include "runtime/hd.h"
#include "runtime/math.h"

namespace switchyard {
namespace {

// Adding 1.5 * 2^52 leaves round(x), to nearest even, in the low bits of a double, for |x| < 2^51.
constexpr double rounder = 6755399441055744.0;
constexpr double rounder_range = 2251799813685248.0;  // 2^51
constexpr std::int64_t chunk = 1024;

// True if every |x * scale| is below 2^51; false if there is a NaN.
SWITCHYARD_MULTIVERSION
bool all_small(const float* x, std::int64_t count, double scale) {
  int large = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const double scaled = static_cast<double>(x[i]) * scale;
    large |= (scaled < rounder_range ? 0 : 1) | (scaled > -rounder_range ? 0 : 1);
  }
  return large == 0;
}

SWITCHYARD_MULTIVERSION
void add_small(std::int64_t* sum, const float* x, std::int64_t count, double scale) {
  for (std::int64_t i = 0; i < count; ++i) {
    const double shifted = static_cast<double>(x[i]) * scale + rounder;
    sum[i] += __builtin_bit_cast(std::int64_t, shifted) - __builtin_bit_cast(std::int64_t, rounder);
  }
}

bool add_any(std::int64_t* sum, const float* x, std::int64_t count, const FixedPoint& format) {
  bool fits = true;
  for (std::int64_t i = 0; i < count; ++i) {
    if (std::abs(static_cast<double>(x[i])) < format.limit) {
      sum[i] += format.fixed(static_cast<double>(x[i]));
    } else {
      fits = false;
    }
  }
  return fits;
}

}  // namespace

double FixedPoint::scale() const { return std::ldexp(1.0, bits); }

std::int64_t FixedPoint::fixed(double x) const { return fixed_of(x, scale()); }

FixedPoint fixed_point_for(std::int64_t step_tokens, std::int64_t num_addends) {
  require(step_tokens >= 1 && num_addends >= 1, "fixed point for {} tokens and {} addends",
          step_tokens, num_addends);
  int extra = 0;
  while ((std::int64_t{1024} << extra) < step_tokens) ++extra;
  FixedPoint format;
  format.bits = 40 + extra;
  format.limit = std::ldexp(1.0, 62 - format.bits) / static_cast<double>(num_addends);
  return format;
}

bool add_fixed(std::span<std::int64_t> sum, std::span<const float> x, const FixedPoint& format) {
  require(sum.size() == x.size(), "adding {} elements to {}", x.size(), sum.size());
  const double scale = format.scale();
  const bool rounder_is_enough = rounder_range <= format.limit * scale;
  bool fits = true;
  for (std::int64_t begin = 0; begin < std::ssize(x); begin += chunk) {
    const std::int64_t count = std::min(chunk, std::ssize(x) - begin);
    if (rounder_is_enough && all_small(x.data() + begin, count, scale)) {
      add_small(sum.data() + begin, x.data() + begin, count, scale);
    } else {
      fits &= add_any(sum.data() + begin, x.data() + begin, count, format);
    }
  }
  return fits;
}

void WideSum::add(double x) {
  require(std::isfinite(x), "a wide sum takes finite numbers, got {}", x);
  int exponent = 0;
  const double fraction = std::frexp(std::abs(x), &exponent);
  const auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
  // |x| = mantissa * 2^(exponent - 53); the lowest bit any double has is 2^-1074, which is bit 14
  // of word 0.
  int bit = exponent - 53 + 1088;
  unsigned __int128 shifted = mantissa;
  if (bit < 0) {  // a denormal's low zero bits
    shifted >>= -bit;
    bit = 0;
  }
  shifted <<= bit % 32;
  const std::int64_t sign = x < 0 ? -1 : 1;
  for (std::size_t word = static_cast<std::size_t>(bit / 32); shifted != 0;
       ++word, shifted >>= 32) {
    words_[word] +=
        sign * static_cast<std::int64_t>(static_cast<std::uint64_t>(shifted) & 0xffffffffULL);
  }
}

double WideSum::value() const {
  auto digits = words_;
  const auto carry = [&] {
    for (std::size_t i = 0; i + 1 < digits.size(); ++i) {
      const std::int64_t up = digits[i] >> 32;
      digits[i] -= up * (std::int64_t{1} << 32);
      digits[i + 1] += up;
    }
  };
  carry();
  const double sign = digits.back() < 0 ? -1.0 : 1.0;
  if (sign < 0) {
    for (auto& digit : digits) digit = -digit;
    carry();
  }
  std::size_t top = digits.size() - 1;
  while (top > 0 && digits[top] == 0) --top;
  double sum = 0.0;
  for (std::size_t i = top >= 3 ? top - 3 : 0; i <= top; ++i) {
    sum += std::ldexp(static_cast<double>(digits[i]), static_cast<int>(i) * 32 - 1088);
  }
  return sign * sum;
}

}  // namespace switchyard
