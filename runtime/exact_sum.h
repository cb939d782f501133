// Sums that no order, grouping or rank count can change: integers instead of floating point.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace switchyard {

// 64-bit fixed point for gradients and losses: x is stored as round(x * 2^bits).
struct FixedPoint {
  int bits = 40;
  double limit = 0.0;  // an addend must be finite and smaller than this, so that no partial sum of
                       // a step can wrap

  double scale() const;  // 2^bits
  double value(std::int64_t fixed) const { return static_cast<double>(fixed) / scale(); }
  std::int64_t fixed(double x) const;  // Requires |x| < limit.
};

// The scale for a step of `step_tokens` tokens whose sums have at most `num_addends` addends:
// 2^(40 + log2(step_tokens / 1,024)), rounded up, never below 2^40. A function of the config alone.
FixedPoint fixed_point_for(std::int64_t step_tokens, std::int64_t num_addends);

// sum[i] += round(x[i] * 2^bits), to nearest, ties to even. An x[i] that is not finite, or not
// below the limit, is not added. Returns false if there was one.
bool add_fixed(std::span<std::int64_t> sum, std::span<const float> x, const FixedPoint& format);

// A wide integer that holds any sum of up to 2^31 finite doubles exactly. Its words may be added
// across ranks with Reduce::sum in any order.
class WideSum {
 public:
  static constexpr int num_words = 68;  // 32 bits of weight each, from 2^-1088 up

  void add(double x);  // Requires finite x.
  std::span<std::int64_t, num_words> words() { return words_; }
  double value() const;  // depends on the exact sum alone; accurate to one unit in the last place

 private:
  std::array<std::int64_t, num_words> words_{};
};

}  // namespace switchyard
