// The part of the CUDA runtime that Switchyard uses, for a host compiler: a test double. A program
// that is built with this folder ahead of the toolkit's headers runs the very .cu files of the
// product on the CPU (tests/cuda_host/README.md).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <tuple>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

struct uint3 {
  unsigned x = 0, y = 0, z = 0;
};
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorNoDevice = 100,
  cudaErrorNotReady = 600,
  cudaErrorLaunchFailure = 719
};
enum cudaMemcpyKind { cudaMemcpyDefault = 4 };
enum cudaDeviceAttr { cudaDevAttrMaxSharedMemoryPerBlockOptin = 97 };
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
enum { cudaStreamNonBlocking = 1, cudaEventDisableTiming = 2 };
enum cudaDataType_t { CUDA_R_32F = 0, CUDA_R_8I = 3, CUDA_R_32I = 10, CUDA_R_16BF = 14 };

namespace cuda_host {
struct Queue;
struct Event;

// Where the running kernel thread stands.
struct Place {
  uint3 thread, block;
  dim3 block_dim, grid_dim;
};
extern Place place;

// Bytes of the running block, new for each block and full of ones: a NaN in any place that no
// thread wrote.
void* shared_memory();

void block_barrier();
void warp_barrier();
// What `value` is in lane `from` of my warp. All lanes call.
std::uint64_t exchange(std::uint64_t value, unsigned from);
std::uint32_t ballot(bool value);
// What `value` is in each lane of my warp, which is whole. All lanes call.
void gather_bits(std::uint64_t value, std::uint64_t (&of_lane)[32]);
// Copies to shared memory that happen when they are waited for (runtime/tile/mma.h).
void begin_copy16(const void* from, bool zeros, void* to);
void end_copy_group();
void wait_for_copies(int groups);

void enqueue_grid(Queue* queue, dim3 grid, dim3 block, std::size_t shared_bytes,
                  std::function<void()> thread);
// What CUB's radix sort does (runtime/device/sort.h).
void enqueue_sort(Queue* queue, const std::uint64_t* keys, const std::int32_t* values,
                  std::uint64_t* sorted_keys, std::int32_t* sorted_values, std::int64_t count,
                  int bits);

// Ends the program if a kernel is given an address of the host.
void check_argument(const void* pointer);
template <class T>
void check_arguments(const T& value) {
  if constexpr (std::is_pointer_v<T>) check_argument(value);
}

template <class T>
T exchange_value(T value, unsigned from) {
  static_assert(sizeof(T) <= 8);
  std::uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof value);
  bits = exchange(bits, from);
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

template <class T>
void gather(T value, T (&of_lane)[32]) {
  std::uint64_t bits = 0, all[32];
  __builtin_memcpy(&bits, &value, sizeof value);
  gather_bits(bits, all);
  for (int lane = 0; lane < 32; ++lane) __builtin_memcpy(&of_lane[lane], &all[lane], sizeof value);
}
}  // namespace cuda_host

inline const uint3& threadIdx = cuda_host::place.thread;
inline const uint3& blockIdx = cuda_host::place.block;
inline const dim3& blockDim = cuda_host::place.block_dim;
inline const dim3& gridDim = cuda_host::place.grid_dim;

inline void __syncthreads() { cuda_host::block_barrier(); }
inline void __syncwarp(unsigned = ~0U) { cuda_host::warp_barrier(); }
template <class T>
T __shfl_xor_sync(unsigned, T value, int lanes) {
  return cuda_host::exchange_value(
      value, (threadIdx.x + threadIdx.y * blockDim.x) % 32 ^ static_cast<unsigned>(lanes));
}
template <class T>
T __shfl_sync(unsigned, T value, int lane) {
  return cuda_host::exchange_value(value, static_cast<unsigned>(lane));
}
inline unsigned __ballot_sync(unsigned, bool value) { return cuda_host::ballot(value); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
template <class T>
T atomicAdd(T* to, T value) {
  const T before = *to;
  *to += value;
  return before;
}

using cudaStream_t = cuda_host::Queue*;
using cudaEvent_t = cuda_host::Event*;

struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};
template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  (cuda_host::check_arguments(arguments), ...);
  cuda_host::enqueue_grid(
      config->stream, config->gridDim, config->blockDim, config->dynamicSmemBytes,
      [kernel, all = std::tuple<Parameters...>(arguments...)] { std::apply(kernel, all); });
  return cudaSuccess;
}
template <class Kernel>
cudaError_t cudaFuncSetAttribute(Kernel, cudaFuncAttribute, int) {
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device);
cudaError_t cudaDeviceGetPCIBusId(char* address, int size, int device);
const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();
cudaError_t cudaMalloc(void** memory, std::size_t bytes);
cudaError_t cudaFree(void* memory);
cudaError_t cudaMallocHost(void** memory, std::size_t bytes);
cudaError_t cudaFreeHost(void* memory);
cudaError_t cudaMemset(void* memory, int value, std::size_t bytes);
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest);
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamQuery(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags = 0);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventQuery(cudaEvent_t event);
