// Rows packed to travel, and unpacked, on a GPU: one block per row.
#include "router/cuda_row_ops.h"
#include "runtime/device/kernel.h"
#include "runtime/rounding.h"

namespace switchyard {
namespace {

constexpr int pack_threads = 128;

struct PackCall {
  Payload payload;
  const float* in;
  const std::int32_t* from;
  std::int64_t hidden, bytes;
  unsigned char* out;
};

// Magnitudes are ordered as their bits are.
__device__ std::uint32_t largest_bits(const float* row, std::int64_t count) {
  auto* scratch = shared_memory<std::uint32_t>();
  std::uint32_t largest = 0;
  const auto take = [&](std::uint32_t bits) { largest = bits > largest ? bits : largest; };
  for (std::int64_t i = threadIdx.x; i < count; i += pack_threads) take(magnitude_bits(row[i]));
  for (int lanes = warp_size / 2; lanes > 0; lanes /= 2)
    take(__shfl_xor_sync(all_lanes, largest, lanes));
  if (threadIdx.x % warp_size == 0) scratch[threadIdx.x / warp_size] = largest;
  __syncthreads();
  for (int warp = 0; warp < pack_threads / warp_size; ++warp) take(scratch[warp]);
  return largest;
}

__global__ void pack_kernel(PackCall call) {
  const std::int64_t row = call.from == nullptr ? blockIdx.x : call.from[blockIdx.x];
  const float* in = call.in + row * call.hidden;
  unsigned char* out = call.out + std::int64_t{blockIdx.x} * call.bytes;
  if (call.payload == Payload::f32) {
    for (std::int64_t i = threadIdx.x; i < call.hidden; i += pack_threads)
      reinterpret_cast<float*>(out)[i] = in[i];
  } else if (call.payload == Payload::bf16) {
    for (std::int64_t i = threadIdx.x; i < call.hidden; i += pack_threads)
      reinterpret_cast<std::uint16_t*>(out)[i] = bf16_of(in[i]);
  } else {
    const auto [scale, inverse] = int8_scale(largest_bits(in, call.hidden));
    if (threadIdx.x == 0) *reinterpret_cast<float*>(out) = scale;
    auto* elements = reinterpret_cast<std::int8_t*>(out + int8_codes_begin);
    for (std::int64_t i = threadIdx.x; i < call.hidden; i += pack_threads)
      elements[i] = static_cast<std::int8_t>(int8_code(in[i], inverse));
  }
}

struct UnpackCall {
  Payload payload;
  const unsigned char* in;
  const std::int32_t* from;
  const float* weight;
  const std::int32_t* to;
  std::int64_t hidden, bytes;
  float* out;
};

__global__ void unpack_kernel(UnpackCall call) {
  const std::int64_t row = call.from == nullptr ? blockIdx.x : call.from[blockIdx.x];
  const std::int64_t target = call.to == nullptr ? blockIdx.x : call.to[blockIdx.x];
  const float weight = call.weight == nullptr ? 1.0F : call.weight[blockIdx.x];
  const unsigned char* in = call.in + row * call.bytes;
  float* out = call.out + target * call.hidden;
  if (call.payload == Payload::f32) {
    for (std::int64_t i = threadIdx.x; i < call.hidden; i += pack_threads)
      out[i] = reinterpret_cast<const float*>(in)[i] * weight;
  } else if (call.payload == Payload::bf16) {
    for (std::int64_t i = threadIdx.x; i < call.hidden; i += pack_threads)
      out[i] = value_of_bf16(reinterpret_cast<const std::uint16_t*>(in)[i]) * weight;
  } else {
    const float scale = *reinterpret_cast<const float*>(in);
    const auto* elements = reinterpret_cast<const std::int8_t*>(in + int8_codes_begin);
    for (std::int64_t i = threadIdx.x; i < call.hidden; i += pack_threads)
      out[i] = static_cast<float>(elements[i]) * scale * weight;
  }
}

template <class T>
T* data_if_given(Tensor tensor) {
  return given(tensor) ? device_data<T>(tensor) : nullptr;
}

}  // namespace

void CudaRowOps::pack_rows(Payload payload, Tensor in, Tensor from, Tensor out, Stream& stream) {
  const PackCall call{
      payload,    device_data<float>(in),        data_if_given<std::int32_t>(from), in.cols(),
      out.cols(), device_data<std::uint8_t>(out)};
  launch(pack_kernel,
         {.blocks = out.rows(),
          .threads = pack_threads,
          .shared_bytes = pack_threads / warp_size * sizeof(std::uint32_t)},
         stream, call);
}

void CudaRowOps::unpack_rows(Payload payload, Tensor in, Tensor from, Tensor weight, Tensor out,
                                Tensor to, Stream& stream) {
  const std::int64_t rows = given(from) ? from.size() : given(to) ? to.size() : in.rows();
  const UnpackCall call{payload,
                        device_data<std::uint8_t>(in),
                        data_if_given<std::int32_t>(from),
                        data_if_given<float>(weight),
                        data_if_given<std::int32_t>(to),
                        out.cols(),
                        in.cols(),
                        device_data<float>(out)};
  launch(unpack_kernel, {.blocks = rows, .threads = pack_threads}, stream, call);
}

}  // namespace switchyard
