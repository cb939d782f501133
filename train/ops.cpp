#include "train/ops.h"

#include <algorithm>

#include "runtime/expect.h"
#include "runtime/params/params.h"
#include "runtime/sum16.h"
#include "train/cuda_ops.h"

namespace switchyard {
namespace {

constexpr std::int64_t num_blocks(std::int64_t size) {
  return (size + param_block - 1) / param_block;
}

SWITCHYARD_MULTIVERSION
void adamw_range(const AdamWStep& all, const float* gradient, float* value, float* first,
                 float* second, std::int64_t count) {
  const AdamWStep step = all;
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    adamw_update(step, gradient[i], value[i], first[i], second[i]);
  }
}

void widen_bf16(const std::uint16_t* from, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = value_of_bf16(from[i]);
}

// Elements [begin, begin + count) of what the step updates.
SWITCHYARD_MULTIVERSION
void round_moments(const AdamWStep& all, const float* first, const float* second,
                   std::int64_t begin, std::int64_t count, std::uint16_t* first_out,
                   std::uint16_t* second_out) {
  const AdamWStep step = all;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint32_t chance = rounding_chance(step, begin + i);
    first_out[i] = bf16_by_chance(first[i], chance & 0xffffU);
    second_out[i] = bf16_by_chance(second[i], chance >> 16);
  }
}

// The conversion of a 64-bit integer, rounded once, in operations that every instruction set has
// for vectors: its halves are put into the mantissas of 2^52 and 2^84, with the sign as 2^63.
inline double double_of(std::int64_t x) {
  const auto bits = static_cast<std::uint64_t>(x);
  const double low = bits_to<double>((bits & 0xffffffffU) | 0x4330000000000000U),
               high = bits_to<double>((bits >> 32) ^ 0x4530000080000000U);
  return (high - (0x1p84 + 0x1p63 + 0x1p52)) + low;
}

SWITCHYARD_MULTIVERSION
void widen(const std::int64_t* from, double factor, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = gradient_of(double_of(from[i]), factor);
}
SWITCHYARD_MULTIVERSION
void widen(const float* from, double factor, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = gradient_of(from[i], factor);
}

SWITCHYARD_MULTIVERSION
double sum_squares_range(const float* x, std::int64_t count) {
  return sum16<double>(count, [x](std::int64_t i) {
    const double value = x[i];
    return value * value;
  });
}

template <class T>
inline __attribute__((always_inline)) Bits<T> sum_of_bits(const T* x, std::int64_t begin,
                                                          std::int64_t count) {
  return sum16<Bits<T>>(count, [=](std::int64_t i) { return mixed_bits(x[begin + i], begin + i); });
}
SWITCHYARD_MULTIVERSION
std::uint64_t hash_range(const float* x, std::int64_t begin, std::int64_t count) {
  return sum_of_bits(x, begin, count);
}
SWITCHYARD_MULTIVERSION
std::uint64_t hash_range(const std::int64_t* x, std::int64_t begin, std::int64_t count) {
  return sum_of_bits(x, begin, count);
}

// Elements [begin, begin + count) of a gradient as f32; `scratch` has a block.
const float* as_f32(Tensor gradient, double factor, std::int64_t begin, std::int64_t count,
                    float* scratch) {
  if (gradient.dtype == DType::i64) {
    widen(gradient.as<std::int64_t>() + begin, factor, count, scratch);
  } else if (factor == 1.0) {
    return gradient.as<float>() + begin;
  } else {
    widen(gradient.as<float>() + begin, factor, count, scratch);
  }
  return scratch;
}

// Calls body(block, begin, count) for each block, on the stream's threads.
template <class Body>
void for_blocks(std::int64_t size, Stream& stream, Body body) {
  parallel_for(stream, num_blocks(size), [&](std::int64_t block) {
    const std::int64_t begin = block * param_block;
    body(block, begin, std::min(param_block, size - begin));
  });
}

class CpuTrainOps final : public TrainOps {
 public:
  void adamw(const std::vector<AdamWParam>& params, Stream& stream) override {
    check_adamw(params);
    for (const AdamWParam& param : params)
      (param.first_moment.dtype == DType::bf16 ? adamw_bf16 : adamw_f32)(param, stream);
  }

  void sum_squares(Tensor gradient, double factor, Tensor out, Stream& stream) override {
    expect_size("out", out, num_blocks(gradient.size()));
    double* sums = out.as<double>();
    for_blocks(
        gradient.size(), stream, [&](std::int64_t block, std::int64_t begin, std::int64_t count) {
          float scratch[param_block];
          sums[block] = sum_squares_range(as_f32(gradient, factor, begin, count, scratch), count);
        });
  }

  void hash_blocks(Tensor values, Tensor out, Stream& stream) override {
    expect_size("out", out, num_blocks(values.size()));
    for_blocks(
        values.size(), stream, [&](std::int64_t block, std::int64_t begin, std::int64_t count) {
          const std::uint64_t hash = values.dtype == DType::i64
                                         ? hash_range(values.as<std::int64_t>(), begin, count)
                                         : hash_range(values.as<float>(), begin, count);
          out.as<std::int64_t>()[block] = static_cast<std::int64_t>(hash);
        });
  }

 private:
  static void adamw_f32(const AdamWParam& param, Stream& stream) {
    float* values = param.value.as<float>();
    float* firsts = param.first_moment.as<float>();
    float* seconds = param.second_moment.as<float>();
    for_blocks(param.value.size(), stream,
               [&](std::int64_t, std::int64_t begin, std::int64_t count) {
                 float scratch[param_block];
                 adamw_range(param.step, gradient_in(param, begin, count, scratch), values + begin,
                             firsts + begin, seconds + begin, count);
               });
  }

  static void adamw_bf16(const AdamWParam& param, Stream& stream) {
    float* values = param.value.as<float>();
    auto* firsts = param.first_moment.as<std::uint16_t>();
    auto* seconds = param.second_moment.as<std::uint16_t>();
    for_blocks(
        param.value.size(), stream, [&](std::int64_t, std::int64_t begin, std::int64_t count) {
          float scratch[param_block], first[param_block], second[param_block];
          widen_bf16(firsts + begin, count, first);
          widen_bf16(seconds + begin, count, second);
          adamw_range(param.step, gradient_in(param, begin, count, scratch), values + begin, first,
                      second, count);
          round_moments(param.step, first, second, begin, count, firsts + begin, seconds + begin);
        });
  }

  static const float* gradient_in(const AdamWParam& param, std::int64_t begin, std::int64_t count,
                                  float* scratch) {
    return as_f32(param.gradient, param.step.gradient_factor, begin, count, scratch);
  }
};

}  // namespace

void check_adamw(const std::vector<AdamWParam>& params) {
  for (const auto& [gradient, step, value, first, second] : params) {
    expect_size("gradient", gradient, value.size());
    expect_size("first_moment", first, value.size());
    expect_size("second_moment", second, value.size());
    require(gradient.dtype == params.front().gradient.dtype &&
                first.dtype == params.front().first_moment.dtype && second.dtype == first.dtype,
            "parameters whose gradients or moments differ in type are updated in one call");
  }
}

void gradient_as_f32(Tensor gradient, double factor, Tensor out, Stream& stream) {
  expect_size("out", out, gradient.size());
  float* values = out.as<float>();
  for_blocks(gradient.size(), stream, [&](std::int64_t, std::int64_t begin, std::int64_t count) {
    if (gradient.dtype == DType::i64) {
      widen(gradient.as<std::int64_t>() + begin, factor, count, values + begin);
    } else {
      widen(gradient.as<float>() + begin, factor, count, values + begin);
    }
  });
}

TrainOps& TrainOps::on(Device device) {
  static CpuTrainOps ops;
  return device.kind == Device::Kind::cpu ? ops : cuda_train_ops();
}

}  // namespace switchyard
