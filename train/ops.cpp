#include "train/ops.h"

#include <algorithm>

#include "runtime/expect.h"
#include "runtime/params.h"
#include "runtime/sum16.h"

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

SWITCHYARD_MULTIVERSION
double sum_squares_range(const float* x, std::int64_t count) {
  return sum16<double>(count, [x](std::int64_t i) {
    const double value = x[i];
    return value * value;
  });
}

class CpuTrainOps final : public TrainOps {
 public:
  void adamw(Tensor gradient, const AdamWStep& step, Tensor value, Tensor first_moment,
             Tensor second_moment, Stream& stream) override {
    const std::int64_t size = value.size();
    expect_size("gradient", gradient, size);
    expect_size("first_moment", first_moment, size);
    expect_size("second_moment", second_moment, size);
    const float* gradients = gradient.as<float>();
    float* values = value.as<float>();
    float* firsts = first_moment.as<float>();
    float* seconds = second_moment.as<float>();
    parallel_for(stream, num_blocks(size), [&](std::int64_t block) {
      const std::int64_t begin = block * param_block;
      adamw_range(step, gradients + begin, values + begin, firsts + begin, seconds + begin,
                  std::min(param_block, size - begin));
    });
  }

  void sum_squares(Tensor x, Tensor out, Stream& stream) override {
    expect_size("out", out, num_blocks(x.size()));
    const float* values = x.as<float>();
    double* sums = out.as<double>();
    parallel_for(stream, out.size(), [&](std::int64_t block) {
      const std::int64_t begin = block * param_block;
      sums[block] = sum_squares_range(values + begin, std::min(param_block, x.size() - begin));
    });
  }
};

}  // namespace

TrainOps& TrainOps::on(Device device) {
  require(device.kind == Device::Kind::cpu, Exit::usage,
          "this build has no CUDA kernels for the optimizer; set run.device to \"cpu\"");
  static CpuTrainOps ops;
  return ops;
}

}  // namespace switchyard
