// A tensor twice: on the host, and on the emulated GPU. What the tests of kernels give to an op on
// both and compare.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "runtime/device/host_access.h"
#include "runtime/device/stream.h"
#include "runtime/random.h"

namespace switchyard {

class Pair {
 public:
  // Full of ones, so NaN for floats: an element that an op forgets differs.
  explicit Pair(Shape shape, DType dtype = DType::f32)
      : host_(shape, dtype), device_(shape, dtype, Device::cuda(0)) {
    std::memset(host_.tensor().data, 0xFF, static_cast<std::size_t>(host_.tensor().bytes()));
    upload();
  }
  static Pair normals(Shape shape, std::uint64_t seed, double deviation = 1.0) {
    Pair pair(shape);
    const Random random(seed, Purpose::init);
    for (std::int64_t i = 0; i < shape.size(); ++i)
      pair.host_.tensor().as<float>()[i] =
          static_cast<float>(deviation * random.normal(static_cast<std::uint64_t>(i)));
    pair.upload();
    return pair;
  }
  // Integers in [begin, end).
  static Pair integers(Shape shape, std::uint64_t seed, std::int64_t begin, std::int64_t end) {
    Pair pair(shape, DType::i32);
    const Random random(seed, Purpose::init);
    for (std::int64_t i = 0; i < shape.size(); ++i)
      pair.host_.tensor().as<std::int32_t>()[i] = static_cast<std::int32_t>(
          begin + static_cast<std::int64_t>(random.uniform(static_cast<std::uint64_t>(i)) *
                                            static_cast<double>(end - begin)));
    pair.upload();
    return pair;
  }
  template <class T>
  static Pair of(const std::vector<T>& values, Shape shape) {
    Pair pair(shape, dtype_of<T>());
    std::copy(values.begin(), values.end(), pair.host_.tensor().as<T>());
    pair.upload();
    return pair;
  }

  Tensor on(Device device) const { return device == Device::cpu() ? host_ : device_; }
  Tensor host() const { return host_; }
  void upload() { write_now(host_.tensor().data, device_); }
  template <class T>
  std::vector<T> device_values() const {
    std::vector<T> values(static_cast<std::size_t>(device_.tensor().size()));
    read_now(device_, values.data());
    return values;
  }

 private:
  Buffer host_, device_;
};

// Calls body(device, stream) for the host, then for the emulated GPU, and waits.
template <class Body>
void on_both(Body body) {
  static Stream host = Stream::cpu(1), device = Stream::cuda(Device::cuda(0));
  body(Device::cpu(), host);
  body(Device::cuda(0), device);
  device.synchronize();
}

// |a - b| <= tolerance * (|a| + the mean of |a|).
inline void expect_close(const Pair& pair, double tolerance, const std::string& what = "") {
  const float* host = pair.host().as<float>();
  const std::vector<float> device = pair.device_values<float>();
  double mean = 0.0;
  for (std::size_t i = 0; i < device.size(); ++i)
    mean += std::abs(static_cast<double>(host[i])) / static_cast<double>(device.size());
  for (std::size_t i = 0; i < device.size(); ++i) {
    const double bound = tolerance * (std::abs(static_cast<double>(host[i])) + mean + 0.01);
    if (std::abs(static_cast<double>(host[i]) - static_cast<double>(device[i])) <= bound) continue;
    ADD_FAILURE() << what << ": element " << i << " of " << device.size() << " is " << device[i]
                  << " on the GPU, " << host[i] << " on the host";
    return;
  }
}

template <class T>
void expect_same(const Pair& pair, const std::string& what = "") {
  const std::vector<T> device = pair.device_values<T>();
  if (device.empty()) return;
  EXPECT_EQ(std::memcmp(pair.host().data, device.data(), device.size() * sizeof(T)), 0) << what;
}

}  // namespace switchyard
