// The optimizer on a GPU: each element of the gradient is read once, in the form in which it was
// summed.
#include "runtime/device/cuda_table.h"
#include "runtime/expect.h"
#include "runtime/device/kernel.h"
#include "runtime/params/params.h"
#include "train/cuda_ops.h"

namespace switchyard {
namespace {

constexpr int block_threads = 256;

__device__ inline float moment_of(float stored) { return stored; }
__device__ inline float moment_of(std::uint16_t stored) { return value_of_bf16(stored); }
__device__ inline void keep(float moment, std::uint32_t, float& stored) { stored = moment; }
__device__ inline void keep(float moment, std::uint32_t chance, std::uint16_t& stored) {
  stored = bf16_by_chance(moment, chance);
}

// A parameter of the optimizer's table. Its blocks of param_block elements are numbered behind
// those of the parameters before it.
struct UpdatedParam {
  const void* gradient;
  float* value;
  void* first;
  void* second;
  std::int64_t size, first_block;
  AdamWStep step;
};

// The last parameter that begins with this block or before it.
__device__ inline const UpdatedParam& param_of_block(const UpdatedParam* params, int count) {
  int begin = 0;
  for (int end = count; end - begin > 1;) {
    const int middle = begin + (end - begin) / 2;
    (params[middle].first_block <= blockIdx.x ? begin : end) = middle;
  }
  return params[begin];
}

// A block of threads has a block of a parameter.
template <class T, class Moment>
__global__ void adamw_kernel(const UpdatedParam* params, int count) {
  const UpdatedParam param = param_of_block(params, count);
  const auto* gradient = static_cast<const T*>(param.gradient);
  auto* first = static_cast<Moment*>(param.first);
  auto* second = static_cast<Moment*>(param.second);
  const std::int64_t begin = (blockIdx.x - param.first_block) * param_block;
  const std::int64_t end = begin + param_block < param.size ? begin + param_block : param.size;
  for (std::int64_t i = begin + threadIdx.x; i < end; i += block_threads) {
    float new_value = param.value[i], new_first = moment_of(first[i]),
          new_second = moment_of(second[i]);
    adamw_update(param.step, gradient_of(gradient[i], param.step.gradient_factor), new_value,
                 new_first, new_second);
    param.value[i] = new_value;
    const std::uint32_t chance = rounding_chance(param.step, i);
    keep(new_first, chance & 0xffffU, first[i]);
    keep(new_second, chance >> 16, second[i]);
  }
}

template <class T>
__global__ void sum_squares_kernel(const T* gradient, double factor, std::int64_t count,
                                   double* out) {
  const std::int64_t begin = std::int64_t{blockIdx.x} * param_block;
  const std::int64_t end = begin + param_block < count ? begin + param_block : count;
  double sum = 0.0;
  for (std::int64_t i = begin + threadIdx.x; i < end; i += block_threads) {
    const double value = gradient_of(gradient[i], factor);
    sum += value * value;
  }
  sum = block_sum(sum, shared_memory<double>());
  if (threadIdx.x == 0) out[blockIdx.x] = sum;
}

template <class T>
__global__ void hash_kernel(const T* values, std::int64_t count, std::int64_t* out) {
  const std::int64_t begin = std::int64_t{blockIdx.x} * param_block;
  const std::int64_t end = begin + param_block < count ? begin + param_block : count;
  Bits<T> sum = 0;
  for (std::int64_t i = begin + threadIdx.x; i < end; i += block_threads)
    sum += mixed_bits(values[i], i);
  sum = block_sum(sum, shared_memory<Bits<T>>());
  if (threadIdx.x == 0) out[blockIdx.x] = static_cast<std::int64_t>(sum);
}

// Calls body with the elements in their type.
template <class Body>
void with_elements(Tensor values, Body body) {
  if (values.dtype == DType::i64) {
    body(device_data<std::int64_t>(values));
  } else {
    body(device_data<float>(values));
  }
}

// A block of threads to each block of parameters.
Grid block_grid(std::int64_t blocks) {
  return {.blocks = blocks,
          .threads = block_threads,
          .shared_bytes = block_threads / warp_size * std::int64_t{sizeof(double)}};
}

class CudaTrainOps final : public TrainOps {
 public:
  void adamw(const std::vector<AdamWParam>& params, Stream& stream) override {
    check_adamw(params);
    std::vector<UpdatedParam> table;
    std::int64_t blocks = 0;
    for (const auto& [gradient, step, value, first, second] : params) {
      if (value.empty()) continue;
      table.push_back({gradient.data, device_data<float>(value), first.data, second.data,
                       value.size(), blocks, step});
      blocks += ceil_div(value.size(), param_block);
    }
    if (table.empty()) return;
    CudaQueue& queue = cuda_queue(stream);
    const UpdatedParam* there = on_gpu(table, queue.scratch(), stream);
    with_elements(params.front().gradient, [&](auto* elements) {
      using T = std::remove_pointer_t<decltype(elements)>;
      const bool bf16 = params.front().first_moment.dtype == DType::bf16;
      launch(bf16 ? adamw_kernel<T, std::uint16_t> : adamw_kernel<T, float>,
             {.blocks = blocks, .threads = block_threads}, stream, there, std::ssize(table));
    });
    queue.scratch().reset();
  }

  void sum_squares(Tensor gradient, double factor, Tensor out, Stream& stream) override {
    expect_size("out", out, ceil_div(gradient.size(), param_block));
    with_elements(gradient, [&](auto* elements) {
      launch(sum_squares_kernel<std::remove_pointer_t<decltype(elements)>>, block_grid(out.size()),
             stream, elements, factor, gradient.size(), device_data<double>(out));
    });
  }

  void hash_blocks(Tensor values, Tensor out, Stream& stream) override {
    expect_size("out", out, ceil_div(values.size(), param_block));
    with_elements(values, [&](auto* elements) {
      launch(hash_kernel<std::remove_pointer_t<decltype(elements)>>, block_grid(out.size()), stream,
             elements, values.size(), device_data<std::int64_t>(out));
    });
  }
};

}  // namespace

TrainOps& cuda_train_ops() {
  static CudaTrainOps ops;
  return ops;
}

}  // namespace switchyard
