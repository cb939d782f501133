#include "runtime/ops.h"

#include <algorithm>
#include <cstring>

#include "runtime/hd.h"

namespace switchyard {
namespace {

constexpr std::int64_t piece = 1 << 16;

SWITCHYARD_MULTIVERSION
void add_range(const float* in, float* inout, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) inout[i] += in[i];
}

void for_pieces(std::int64_t count, Stream& stream,
                const std::function<void(std::int64_t, std::int64_t)>& body) {
  parallel_for(stream, (count + piece - 1) / piece,
               [&](std::int64_t i) { body(i * piece, std::min(count, (i + 1) * piece)); });
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
    for_pieces(in.bytes(), stream, [&](std::int64_t begin, std::int64_t end) {
      std::memcpy(static_cast<std::byte*>(out.data) + begin,
                  static_cast<const std::byte*>(in.data) + begin,
                  static_cast<std::size_t>(end - begin));
    });
  }

  void add(Tensor in, Tensor inout, Stream& stream) override {
    require(in.size() == inout.size(), "adding {} to {}", in.shape, inout.shape);
    const float* from = in.as<float>();
    float* to = inout.as<float>();
    for_pieces(in.size(), stream, [&](std::int64_t begin, std::int64_t end) {
      add_range(from + begin, to + begin, end - begin);
    });
  }
};

}  // namespace

RuntimeOps& RuntimeOps::on(Device device) {
  require(device == Device::cpu(), Exit::usage,
          "this build has no CUDA kernels for elementwise operations");
  static CpuRuntimeOps cpu;
  return cpu;
}

}  // namespace switchyard
