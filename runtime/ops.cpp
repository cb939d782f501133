#include "runtime/ops.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "runtime/cuda.h"
#include "runtime/hd.h"

namespace switchyard {
namespace {

constexpr std::int64_t piece = 1 << 16;

SWITCHYARD_MULTIVERSION
void add_range(const float* in, float* inout, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) inout[i] += in[i];
}

SWITCHYARD_MULTIVERSION
void add_range(const std::int64_t* in, std::int64_t* inout, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) inout[i] += in[i];
}

void for_pieces(std::int64_t count, Stream& stream,
                const std::function<void(std::int64_t, std::int64_t)>& body) {
  parallel_for(stream, (count + piece - 1) / piece,
               [&](std::int64_t i) { body(i * piece, std::min(count, (i + 1) * piece)); });
}

template <class T>
void add_elements(const T* in, T* inout, std::int64_t count, Stream& stream) {
  for_pieces(count, stream, [&](std::int64_t begin, std::int64_t end) {
    add_range(in + begin, inout + begin, end - begin);
  });
}

class CpuRuntimeOps final : public RuntimeOps {
 public:
  void zero(Tensor out, Stream& stream) override {
    auto* bytes = static_cast<std::byte*>(out.data);
    for_pieces(out.bytes(), stream, [&](std::int64_t begin, std::int64_t end) {
      std::memset(bytes + begin, 0, static_cast<std::size_t>(end - begin));
    });
  }

  void copy(Tensor in, Tensor out, Stream& stream) override {
    require(in.bytes() == out.bytes(), "copying {} into {}", in.shape, out.shape);
    // A share for each thread: of a large one the library's copy goes past the caches.
    const std::int64_t shares = stream.num_threads(), share = (in.bytes() + shares - 1) / shares;
    parallel_for(stream, shares, [&](std::int64_t i) {
      const std::int64_t begin = std::min(in.bytes(), i * share);
      std::memcpy(static_cast<std::byte*>(out.data) + begin,
                  static_cast<const std::byte*>(in.data) + begin,
                  static_cast<std::size_t>(std::min(in.bytes() - begin, share)));
    });
  }

  void add(Tensor in, Tensor inout, Stream& stream) override {
    require(in.size() == inout.size(), "adding {} to {}", in.shape, inout.shape);
    if (in.dtype == DType::f32) {
      add_elements(in.as<float>(), inout.as<float>(), in.size(), stream);
    } else {
      add_elements(in.as<std::int64_t>(), inout.as<std::int64_t>(), in.size(), stream);
    }
  }

  void add_fixed(Tensor in, const FixedPoint& format, Tensor sum, Tensor misfit,
                 Stream& stream) override {
    require(in.size() == sum.size(), "adding {} to {}", in.shape, sum.shape);
    std::atomic<bool> fits = true;
    for_pieces(in.size(), stream, [&](std::int64_t begin, std::int64_t end) {
      const auto count = static_cast<std::size_t>(end - begin);
      if (!switchyard::add_fixed({sum.as<std::int64_t>() + begin, count},
                                 {in.as<float>() + begin, count}, format)) {
        fits = false;
      }
    });
    if (!fits) *misfit.as<std::int32_t>() = 1;
  }
};

}  // namespace

RuntimeOps& RuntimeOps::on(Device device) {
  static CpuRuntimeOps cpu;
  return device.kind == Device::Kind::cpu ? cpu : cuda::runtime_ops();
}

}  // namespace switchyard
