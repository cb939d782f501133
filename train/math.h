// One parameter's AdamW update, and a hash of its bits, shared by the CPU and CUDA kernels.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "runtime/rounding.h"

namespace switchyard {

// A gradient's element as f32, from fixed point or f32.
template <class T>
SWITCHYARD_HD inline float gradient_of(T element, double factor) {
  return static_cast<float>(static_cast<double>(element) * factor);
}

// As many bits as an element has.
template <class T>
using Bits = std::conditional_t<sizeof(T) == sizeof(std::uint64_t), std::uint64_t, std::uint32_t>;

// The bits of the element at `index`, mixed: one to one for each index (the finalisers of
// MurmurHash3, by Appleby).
template <class T>
SWITCHYARD_HD inline Bits<T> mixed_bits(T element, std::int64_t index) {
  const auto nth = static_cast<Bits<T>>(index + 1);
  if constexpr (sizeof(T) == sizeof(std::uint64_t)) {
    std::uint64_t x = bits_to<std::uint64_t>(element) + 0x9e3779b97f4a7c15U * nth;
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdU;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53U;
    return x ^ (x >> 33);
  } else {
    std::uint32_t x = bits_to<std::uint32_t>(element) + 0x9e3779b9U * nth;
    x = (x ^ (x >> 16)) * 0x85ebca6bU;
    x = (x ^ (x >> 13)) * 0xc2b2ae35U;
    return x ^ (x >> 16);
  }
}

// The constants of one step of AdamW (Loshchilov and Hutter 2019), computed once on the host, in
// double.
struct AdamWStep {
  float rate = 0.0F;
  float beta1 = 0.9F;
  float beta2 = 0.95F;
  float epsilon = 1e-8F;
  float weight_decay = 0.0F;
  double gradient_factor = 1.0;    // the gradient is what was summed, times this: fixed point, clip
  float first_correction = 1.0F;   // 1 / (1 - beta1^(step + 1))
  float second_correction = 1.0F;  // 1 / (1 - beta2^(step + 1))
  // For moments kept in bf16: their rounding is a function of the key, which depends on the run,
  // the step and the parameter, and of the element's index, which is first_element for the first
  // one.
  std::uint64_t rounding_key = 0;
  std::int64_t first_element = 0;
};

// 32 bits of chance, the lower half for the first moment and the upper for the second. Two rounds
// of Wellons' lowbias32 over counter and key: far cheaper than Philox, and good
// enough for rounding.
SWITCHYARD_HD inline std::uint32_t rounding_chance(const AdamWStep& step, std::int64_t element) {
  const auto mix = [](std::uint32_t x) {
    x = (x ^ (x >> 16)) * 0x7feb352dU;
    x = (x ^ (x >> 15)) * 0x846ca68bU;
    return x ^ (x >> 16);
  };
  const auto index = static_cast<std::uint64_t>(step.first_element + element);
  const std::uint64_t seeded = index ^ step.rounding_key;
  return mix(mix(static_cast<std::uint32_t>(seeded)) ^ static_cast<std::uint32_t>(seeded >> 32));
}

// gradient: as gradient_of gives it. value -= rate * (m_hat / (sqrt(v_hat) + epsilon) +
// weight_decay * value), after the moments took the gradient in.
SWITCHYARD_HD inline void adamw_update(const AdamWStep& step, float gradient, float& value,
                                       float& first_moment, float& second_moment) {
  const float g = gradient;
  const float first = step.beta1 * first_moment + (1.0F - step.beta1) * g;
  const float second = step.beta2 * second_moment + (1.0F - step.beta2) * (g * g);
  const float direction =
      first * step.first_correction / (std::sqrt(second * step.second_correction) + step.epsilon);
  first_moment = first;
  second_moment = second;
  value -= step.rate * (direction + step.weight_decay * value);
}

}  // namespace switchyard
