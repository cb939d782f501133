// What the emulated GPU must notice. Each fault is one that runs without complaint on some GPU,
// some of the time.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <vector>

#include "runtime/device/shared_memory.h"
#include "tests/cuda_host/device.h"

namespace switchyard {
namespace emulation_test {

constexpr int threads = 96;

struct Stream {
  cudaStream_t handle;
  Stream() { cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking); }
  ~Stream() { cudaStreamDestroy(handle); }
};

struct Floats {
  float* data;
  explicit Floats(int count) {
    cudaMalloc(reinterpret_cast<void**>(&data), static_cast<std::size_t>(count) * 4);
  }
  ~Floats() { cudaFree(data); }
  std::vector<float> values(int count) const {
    std::vector<float> result(static_cast<std::size_t>(count));
    cudaMemcpy(result.data(), data, result.size() * 4, cudaMemcpyDefault);
    return result;
  }
};

template <class... Parameters, class... Arguments>
void run(void (*kernel)(Parameters...), Stream& stream, Arguments... arguments) {
  cudaLaunchConfig_t config;
  config.gridDim = 2;
  config.blockDim = threads;
  config.dynamicSmemBytes = threads * sizeof(float);
  config.stream = stream.handle;
  cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
}

void number(float* out) {
  out[blockIdx.x * blockDim.x + threadIdx.x] = static_cast<float>(threadIdx.x);
}

template <bool with_barrier>
void reverse(float* out) {
  auto* scratch = shared_memory<float>();
  scratch[threadIdx.x] = static_cast<float>(threadIdx.x);
  if (with_barrier) __syncthreads();
  out[blockIdx.x * blockDim.x + threadIdx.x] = scratch[blockDim.x - 1 - threadIdx.x];
}

// Twice through the same scratch: without the second barrier a fast thread overwrites what a slow
// one still reads.
template <bool with_barrier>
void shift_twice(float* out) {
  auto* scratch = shared_memory<float>();
  float value = static_cast<float>(threadIdx.x);
  for (int i = 0; i < 2; ++i) {
    scratch[threadIdx.x] = value;
    __syncthreads();
    value = scratch[(threadIdx.x + 1) % blockDim.x];
    if (with_barrier) __syncthreads();
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = value;
}

void one_too_many(float* out) { out[blockIdx.x * blockDim.x + threadIdx.x + 1] = 1.0F; }
void lane_sums(float* out) {
  float value = static_cast<float>(threadIdx.x);
  for (int lanes = 16; lanes > 0; lanes /= 2) value += __shfl_xor_sync(~0U, value, lanes);
  out[blockIdx.x * blockDim.x + threadIdx.x] =
      value + static_cast<float>(__popc(__ballot_sync(~0U, threadIdx.x % 3 == 0)));
}

template <class Kernel>
std::vector<float> result_of(Kernel kernel) {
  Stream stream;
  const Floats out(2 * threads);
  run(kernel, stream, out.data);
  cudaStreamSynchronize(stream.handle);
  return out.values(2 * threads);
}

TEST(Emulation, BarriersShufflesAndVotes) {
  const auto reversed = result_of(reverse<true>), shifted = result_of(shift_twice<true>),
             sums = result_of(lane_sums);
  for (int i = 0; i < 2 * threads; ++i) {
    const int thread = i % threads, warp = thread / 32;
    const auto at = static_cast<std::size_t>(i);
    EXPECT_EQ(reversed[at], static_cast<float>(threads - 1 - thread));
    EXPECT_EQ(shifted[at], static_cast<float>((thread + 2) % threads));
    EXPECT_EQ(sums[at], static_cast<float>(496 + 1024 * warp + (warp == 2 ? 10 : 11)));
  }
}

TEST(Emulation, FindsAMissingBarrier) {
  EXPECT_NE(result_of(reverse<false>), result_of(reverse<true>));
  EXPECT_NE(result_of(shift_twice<false>), result_of(shift_twice<true>));
}

TEST(Emulation, FindsAReadOfWhatNobodyWrote) {
  const Floats never(100);
  for (const float value : never.values(100)) EXPECT_TRUE(std::isnan(value));
  for (const float value : result_of(+[](float* out) {
         out[blockIdx.x * blockDim.x + threadIdx.x] = shared_memory<float>()[threadIdx.x];
       })) {
    EXPECT_TRUE(std::isnan(value));
  }
}

// A copy on one stream of what a kernel on another makes.
float copied(bool with_event) {
  Stream first, second;
  const Floats made(2 * threads), copy(2 * threads);
  run(number, first, made.data);
  cudaEvent_t event;
  cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  cudaEventRecord(event, first.handle);
  if (with_event) cudaStreamWaitEvent(second.handle, event);
  cudaMemcpyAsync(copy.data, made.data, 2 * threads * 4, cudaMemcpyDefault, second.handle);
  cudaStreamSynchronize(second.handle);
  cudaEventDestroy(event);
  return copy.values(2 * threads)[7];
}

TEST(Emulation, FindsAMissingWaitForAnEvent) {
  EXPECT_EQ(copied(true), 7.0F);
  EXPECT_TRUE(std::isnan(copied(false)));
}

// A copy of what a call without a stream brings from memory that is not pinned.
float brought(bool with_wait) {
  Stream stream;
  const Floats to(1), copy(1);
  const float value = 3.0F;
  cudaMemcpy(to.data, &value, sizeof value, cudaMemcpyDefault);
  if (with_wait) cudaDeviceSynchronize();
  cudaMemcpyAsync(copy.data, to.data, sizeof value, cudaMemcpyDefault, stream.handle);
  cudaStreamSynchronize(stream.handle);
  return copy.values(1)[0];
}

TEST(Emulation, FindsWorkThatDoesNotWaitForACopyWithoutAStream) {
  EXPECT_EQ(brought(true), 3.0F);
  EXPECT_TRUE(std::isnan(brought(false)));
}

// A kernel that overwrites what a copy on another stream has yet to take.
TEST(Emulation, EagerQueuesFindAnOverwriteThatDoesNotWait) {
  Stream first, second;
  const Floats made(2 * threads), copy(2 * threads);
  run(number, first, made.data);
  cudaStreamSynchronize(first.handle);
  cudaMemcpyAsync(copy.data, made.data, 2 * threads * 4, cudaMemcpyDefault, second.handle);
  cuda_host::set_eager(true);
  cudaMemsetAsync(made.data, 0, 2 * threads * 4, first.handle);
  cuda_host::set_eager(false);
  cudaStreamSynchronize(second.handle);
  EXPECT_EQ(copy.values(2 * threads)[7], 0.0F);
}

TEST(EmulationDeathTest, FindsATouchBesideAnAllocation) {
  EXPECT_DEATH(result_of(one_too_many), "beside its tensors");
}

TEST(EmulationDeathTest, FindsAHostThatTouchesDeviceMemory) {
  const Floats floats(4);
  EXPECT_DEATH(floats.data[0] = 1.0F, "host code touched device memory");
}

TEST(EmulationDeathTest, FindsABarrierThatSomeThreadsMiss) {
  EXPECT_DEATH(result_of(+[](float* out) {
                 if (threadIdx.x < 40) __syncthreads();
                 if (threadIdx.x >= 40) __shfl_sync(~0U, out[0], 0);
               }),
               "never reach");
}

TEST(EmulationDeathTest, AStreamOlderThanAllMemoryMayOutliveIt) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // in a program that has no memory yet
  EXPECT_EXIT(
      {
        static Stream first;
        static const Floats floats(2 * threads);
        run(number, first, floats.data);
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(EmulationDeathTest, FindsAKernelWithAnAddressOfTheHost) {
  float on_host = 0.0F;
  Stream stream;
  EXPECT_DEATH(run(number, stream, &on_host), "address of the host");
}

}  // namespace emulation_test
}  // namespace switchyard
