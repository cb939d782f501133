// The limits of a GPU, and the share of them that an op reaches.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "runtime/device/host_access.h"
#include "runtime/device/ops.h"
#include "runtime/product/matmul.h"
#include "runtime/random.h"

namespace switchyard {

inline constexpr double bytes_of_f32 = sizeof(float);

struct Sizes {
  std::int64_t tokens = 8192;
  std::int64_t hidden = 2048, heads = 16, kv_heads = 4, head_dim = 128, experts = 64, top_k = 2;
  std::int64_t vocabulary = 32768, sequence = 2048;
  std::int64_t copied_bytes = 256 << 20, product_side = 4096;  // of the limits
};

inline Sizes sizes_for(std::int64_t tokens) {
  if (tokens >= 1024) return {.tokens = tokens};
  return {.tokens = tokens,
          .hidden = 64,
          .heads = 2,
          .kv_heads = 1,
          .head_dim = 32,
          .experts = 8,
          .vocabulary = 256,
          .sequence = 16,
          .copied_bytes = 1 << 16,
          .product_side = 64};
}

class Gpu {
 public:
  explicit Gpu(const Sizes& sizes) : sizes_(sizes), stream_(Stream::cuda(device_)) {}

  Stream& stream() { return stream_; }
  Device device() const { return device_; }
  const Sizes& sizes() const { return sizes_; }

  Buffer empty(Shape shape, DType dtype = DType::f32) const { return {shape, dtype, device_}; }
  Buffer normals(Shape shape) const {
    const Random random(1, Purpose::init);
    std::vector<float> values(static_cast<std::size_t>(shape.size()));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(random.normal(i % 65536));
    return filled(values, shape);
  }
  template <class T>
  Buffer filled(const std::vector<T>& values, Shape shape) const {
    Buffer buffer(shape, dtype_of<T>(), device_);
    write_now(values.data(), buffer);
    return buffer;
  }
  // 0, 1, ... modulus - 1, repeatedly, in scattered order.
  Buffer counting(std::int64_t count, std::int64_t modulus, std::int64_t step = 1) const {
    std::vector<std::int32_t> values;
    for (std::int64_t i = 0; i < count; ++i)
      values.push_back(static_cast<std::int32_t>(i * step % modulus));
    return filled(values, {count});
  }

  // The median of several runs, each of enough calls to take a while.
  double seconds_of(const std::function<void()>& op) {
    op();
    stream_.synchronize();
    const double once = seconds_of(op, 1);
    const int calls = std::clamp(static_cast<int>(0.02 / once), 1, 200);
    std::vector<double> runs;
    for (int run = 0; run < 5; ++run) runs.push_back(seconds_of(op, calls) / calls);
    std::sort(runs.begin(), runs.end());
    return runs[runs.size() / 2];
  }

 private:
  double seconds_of(const std::function<void()>& op, int calls) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) op();
    stream_.synchronize();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  Sizes sizes_;
  Device device_ = Device::cuda(0);
  Stream stream_;
};

// Prints a row for each op, with its share of a limit.
class Roofline {
 public:
  explicit Roofline(Gpu& gpu) : gpu_(gpu) {
    const std::int64_t copied = gpu.sizes().copied_bytes, side = gpu.sizes().product_side;
    const Buffer from = gpu.empty({copied}, DType::u8), to = gpu.empty({copied}, DType::u8);
    memory_ = 2.0 * static_cast<double>(copied) /
              gpu.seconds_of([&] { RuntimeOps::on(gpu.device()).copy(from, to, gpu.stream()); });
    const Buffer a = gpu.normals({side, side}), b = gpu.normals({side, side}),
                 out = gpu.empty({side, side});
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
      arithmetic_.push_back(2.0 * static_cast<double>(side * side * side) / gpu.seconds_of([&] {
        matmul(a, Op::plain, b, Op::transposed, out, Write::replace, gpu.stream(), precision);
      }));
    }
    fmt::print("copy {:.1f} GB/s; products f32 {:.1f}, bf16 {:.1f}, int8 {:.1f} TFLOP/s\n\n",
               memory_ / 1e9, arithmetic_[0] / 1e12, arithmetic_[1] / 1e12, arithmetic_[2] / 1e12);
    fmt::print("{:<28} {:>10} {:>12} {:>8}\n", "op", "us", "GB/s, TFLOP/s", "of limit");
  }

  void bytes(const char* name, double bytes, const std::function<void()>& op) {
    const double seconds = gpu_.seconds_of(op);
    print(name, seconds, bytes / seconds / 1e9, bytes / seconds / memory_);
  }
  void flops(const char* name, double flops, Precision precision, const std::function<void()>& op) {
    const double seconds = gpu_.seconds_of(op);
    const double limit = arithmetic_[static_cast<std::size_t>(precision)];
    print(name, seconds, flops / seconds / 1e12, flops / seconds / limit);
  }

 private:
  static void print(const char* name, double seconds, double rate, double share) {
    fmt::print("{:<28} {:>10.1f} {:>12.2f} {:>8.2f}\n", name, 1e6 * seconds, rate, share);
  }

  Gpu& gpu_;
  double memory_ = 0.0;
  std::vector<double> arithmetic_;  // by precision
};

}  // namespace switchyard
