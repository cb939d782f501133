// MaskLaw: the factor that 16 random bits encode. Its mean is 1 and its variance p / (1 - p).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/names.h"

namespace switchyard {

// drop: 0 with probability p, else 1 / (1 - p). gaussian: a normal number.
enum class MaskKind : std::uint8_t { drop, gaussian };
template <>
inline constexpr std::array<std::string_view, 2> names_of<MaskKind> = {"drop", "gaussian"};

class MaskLaw {
 public:
  // p is round(65536 rate) / 65536, below 1. The normal numbers are the quantiles of the middles of
  // 65,536 equal shares, scaled to variance 1, so that none is beyond 4.4 deviations.
  MaskLaw(MaskKind kind, double rate);

  bool masks() const { return threshold_ > 0; }  // p > 0
  float factor(std::uint16_t bits) const;
  // out[i] = in[i] * factor(bits[i]); out may be in.
  void multiply(std::span<const std::uint16_t> bits, const float* in, float* out) const;
  // sum[i] += in[i] * factor(bits[i])
  void multiply_add(std::span<const std::uint16_t> bits, const float* in, float* sum) const;

 private:
  std::int32_t threshold_ = 0;        // of 65,536
  float kept_ = 1.0F;                 // what a drop multiplies by where it keeps
  float deviation_ = 0.0F;            // of a normal number
  const float* quantiles_ = nullptr;  // [65536]; null: drop
};

}  // namespace switchyard
