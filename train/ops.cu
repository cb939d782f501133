// The optimizer on a GPU: each element of the gradient is read once, in the form in which it was
// summed.
#include "runtime/expect.h"
#include "runtime/map.h"
#include "runtime/params.h"
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

template <class T, class Moment>
__global__ void adamw_kernel(const T* gradient, AdamWStep step, std::int64_t count, float* value,
                             Moment* first, Moment* second) {
  const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += stride) {
    float new_value = value[i], new_first = moment_of(first[i]), new_second = moment_of(second[i]);
    adamw_update(step, gradient_of(gradient[i], step.gradient_factor), new_value, new_first,
                 new_second);
    value[i] = new_value;
    const std::uint32_t chance = rounding_chance(step, i);
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
  std::uint64_t sum = 0;
  for (std::int64_t i = begin + threadIdx.x; i < end; i += block_threads)
    sum += mixed_bits(values[i], i);
  sum = block_sum(sum, shared_memory<std::uint64_t>());
  if (threadIdx.x == 0) out[blockIdx.x] = static_cast<std::int64_t>(sum);
}

template <class T, class Moment>
void launch_adamw(const T* gradient, const AdamWStep& step, Tensor value, Moment* first,
                  Moment* second, Stream& stream) {
  launch(adamw_kernel<T, Moment>, map_grid(value.size()), stream, gradient, step, value.size(),
         device_data<float>(value), first, second);
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
  void adamw(Tensor gradient, const AdamWStep& step, Tensor value, Tensor first_moment,
             Tensor second_moment, Stream& stream) override {
    const std::int64_t size = value.size();
    expect_size("gradient", gradient, size);
    expect_size("first_moment", first_moment, size);
    expect_size("second_moment", second_moment, size);
    with_elements(gradient, [&](auto* elements) {
      if (first_moment.dtype == DType::bf16) {
        launch_adamw(elements, step, value, device_data<std::uint16_t>(first_moment),
                     device_data<std::uint16_t>(second_moment), stream);
      } else {
        launch_adamw(elements, step, value, device_data<float>(first_moment),
                     device_data<float>(second_moment), stream);
      }
    });
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
