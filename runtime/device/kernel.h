// Building blocks of kernels: launches, sums of a warp and a block in a fixed order, and memory
// in pieces of 16 bytes. For .cu files.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "runtime/device/cuda_queue.h"
#include "runtime/device/shared_memory.h"

namespace switchyard {

inline constexpr int warp_size = 32;
inline constexpr unsigned all_lanes = ~0U;

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Blocks and threads of a launch; x is the fastest.
struct Grid {
  std::int64_t blocks = 0;
  dim3 threads = 256;
  std::int64_t blocks_y = 1, blocks_z = 1;
  std::int64_t shared_bytes = 0;
};

// Errors: Exit::usage for a grid that exceeds the limits of every GPU.
inline void check_grid(const Grid& grid) {
  constexpr std::int64_t max_blocks = 0x7fffffff, max_across = 65535;
  require(grid.blocks <= max_blocks && grid.blocks_y <= max_across && grid.blocks_z <= max_across,
          Exit::usage,
          "a GPU cannot run {} by {} by {} blocks at once (at most {} by {} by {}): use a smaller "
          "micro-batch",
          grid.blocks, grid.blocks_y, grid.blocks_z, max_blocks, max_across, max_across);
}

// More than 48 KiB of shared memory for each block has to be asked for. Errors: Exit::usage if the
// GPU gives a block less: 227 KiB on data-centre GPUs since Hopper (163 on A100), 99 on others.
template <class Kernel>
void allow_shared(Kernel kernel, std::int64_t bytes) {
  constexpr std::int64_t always_there = 48 * 1024;
  if (bytes <= always_there) return;
  int device = 0, most = 0;
  check(cudaGetDevice(&device));
  check(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  require(
      bytes <= most, Exit::usage,
      "a kernel needs {} KiB of shared memory for each block, but GPU {} gives {} KiB: attention "
      "with model.head_dim above 128 needs a larger GPU",
      ceil_div(bytes, 1024), device, most / 1024);
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(bytes)));
}

// Queues kernel(arguments...), or nothing for a grid without blocks. Errors: as check_grid() and
// allow_shared().
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), const Grid& grid, Stream& stream,
            Arguments... arguments) {
  if (grid.blocks == 0 || grid.blocks_y == 0 || grid.blocks_z == 0) return;
  check_grid(grid);
  allow_shared(kernel, grid.shared_bytes);
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(grid.blocks), static_cast<unsigned>(grid.blocks_y),
                        static_cast<unsigned>(grid.blocks_z));
  config.blockDim = grid.threads;
  config.dynamicSmemBytes = static_cast<std::size_t>(grid.shared_bytes);
  config.stream = cuda_queue(stream).stream();
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...));
}

// The elements of a tensor for a kernel. Errors: Exit::internal if they are in memory of the host.
template <class T>
T* device_data(Tensor tensor) {
  require(tensor.empty() || tensor.device.kind == Device::Kind::cuda,
          "a kernel was given {} on the host", tensor.shape);
  return tensor.as<T>();
}

// Sums and maxima over the 32 lanes, always joined in the same order. Every lane gets the result.
template <class T>
__device__ __forceinline__ T warp_sum(T value) {
  for (int lanes = warp_size / 2; lanes > 0; lanes /= 2)
    value += __shfl_xor_sync(all_lanes, value, lanes);
  return value;
}
__device__ __forceinline__ float warp_max(float value) {
  for (int lanes = warp_size / 2; lanes > 0; lanes /= 2) {
    const float other = __shfl_xor_sync(all_lanes, value, lanes);
    value = other > value ? other : value;
  }
  return value;
}

// The sum over the threads of a one-dimensional block of whole warps; every thread gets it.
// scratch: an element of shared memory per warp; free again when the call returns.
template <class T>
__device__ __forceinline__ T block_sum(T value, T* scratch) {
  value = warp_sum(value);
  const unsigned num_warps = blockDim.x / warp_size;
  if (num_warps == 1) return value;
  if (threadIdx.x % warp_size == 0) scratch[threadIdx.x / warp_size] = value;
  __syncthreads();
  T sum = scratch[0];
  for (unsigned i = 1; i < num_warps; ++i) sum += scratch[i];
  __syncthreads();
  return sum;
}

// True if rows of `cols` f32 that begin at each of these addresses can be read 16 bytes at a time.
template <class... Pointers>
bool in_quads(std::int64_t cols, Pointers... pointers) {
  return cols % 4 == 0 && ((reinterpret_cast<std::uintptr_t>(pointers) % 16 == 0) && ...);
}

__device__ __forceinline__ float4 load4(const float* from) {
  return *reinterpret_cast<const float4*>(from);
}
__device__ __forceinline__ void store4(float* to, float4 value) {
  *reinterpret_cast<float4*>(to) = value;
}

}  // namespace switchyard
