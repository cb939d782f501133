#include "runtime/product/cuda_products.h"
#include "runtime/product/cuda_operands.h"
#include "runtime/expect.h"
#include "runtime/device/kernel.h"
#include "runtime/device/map.h"
#include "runtime/rounding.h"

namespace switchyard {
namespace {

constexpr int line_tile = 32, tile_ranks = 8;  // lines and steps of k that a block turns at a time

// Four elements to a thread.
__global__ void bf16_kernel(const float* in, std::int64_t cols, std::int64_t stride,
                            std::int64_t count, std::uint16_t* out) {
  const std::int64_t quad = 4 * (std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x);
  if (quad >= count) return;
  const std::int64_t row = quad / stride, col = quad % stride;
  std::uint16_t four[4];
  for (int i = 0; i < 4; ++i)
    four[i] = col + i < cols ? bf16_of(in[row * cols + col + i]) : std::uint16_t{0};
  *reinterpret_cast<uint2*>(out + quad) = {four[0] | std::uint32_t{four[1]} << 16,
                                           four[2] | std::uint32_t{four[3]} << 16};
}

__device__ std::uint32_t warp_largest(std::uint32_t value) {
  for (int lanes = warp_size / 2; lanes > 0; lanes /= 2) {
    const std::uint32_t other = __shfl_xor_sync(all_lanes, value, lanes);
    value = other > value ? other : value;
  }
  return value;
}

// A warp has a line whose elements lie side by side; the lines after the last are zeros.
__global__ void encode_along_kernel(OperandLines lines, std::int64_t padded_lines, std::int64_t stride,
                                    std::int8_t* codes, float* scales) {
  const std::int64_t line = std::int64_t{blockIdx.x} * blockDim.y + threadIdx.y;
  if (line >= padded_lines) return;
  const bool real = line < lines.count;
  const float* from = lines.data + line * lines.line_stride;
  std::uint32_t largest = 0;
  for (std::int64_t i = threadIdx.x; real && i < lines.k; i += warp_size) {
    const std::uint32_t magnitude = magnitude_bits(from[i]);
    largest = magnitude > largest ? magnitude : largest;
  }
  const Int8Scale scale = int8_scale(warp_largest(largest));
  if (real && threadIdx.x == 0) scales[line] = scale.scale;
  for (std::int64_t i = threadIdx.x; i < stride; i += warp_size) {
    const bool inside = real && i < lines.k;
    codes[line * stride + i] =
        inside ? static_cast<std::int8_t>(int8_code(from[i], scale.inverse)) : std::int8_t{0};
  }
}

// A block has 32 lines whose elements lie across the rows of the operand: it reads 32 rows at a
// time and turns them in shared memory.
__global__ void encode_across_kernel(OperandLines lines, std::int64_t padded_lines, std::int64_t stride,
                                     std::int8_t* codes, float* scales) {
  auto* largest_of = shared_memory<std::uint32_t>();  // [tile_ranks, line_tile]
  auto* tile = reinterpret_cast<std::int8_t*>(largest_of + tile_ranks * line_tile);
  const std::int64_t first = std::int64_t{blockIdx.x} * line_tile, line = first + threadIdx.x;
  const bool real = line < lines.count;
  const float* from = lines.data + line;
  std::uint32_t largest = 0;
  for (std::int64_t i = threadIdx.y; real && i < lines.k; i += tile_ranks) {
    const std::uint32_t magnitude = magnitude_bits(from[i * lines.k_stride]);
    largest = magnitude > largest ? magnitude : largest;
  }
  largest_of[threadIdx.y * line_tile + threadIdx.x] = largest;
  __syncthreads();
  for (int rank = 0; rank < tile_ranks; ++rank) {
    const std::uint32_t other = largest_of[rank * line_tile + threadIdx.x];
    largest = other > largest ? other : largest;
  }
  const Int8Scale scale = int8_scale(largest);
  if (real && threadIdx.y == 0) scales[line] = scale.scale;
  for (std::int64_t begin = 0; begin < stride; begin += line_tile) {
    for (int row = threadIdx.y; row < line_tile; row += tile_ranks) {
      const std::int64_t i = begin + row;
      const bool inside = real && i < lines.k;
      tile[row * (line_tile + 1) + threadIdx.x] =
          inside ? static_cast<std::int8_t>(int8_code(from[i * lines.k_stride], scale.inverse))
                 : std::int8_t{0};
    }
    __syncthreads();
    for (int row = threadIdx.y; row < line_tile; row += tile_ranks) {
      const std::int64_t i = begin + threadIdx.x;
      if (first + row < padded_lines && i < stride)
        codes[(first + row) * stride + i] = tile[threadIdx.x * (line_tile + 1) + row];
    }
    __syncthreads();
  }
}

__global__ void scale_sums_kernel(const std::int32_t* sums, std::int64_t stride,
                                  const float* row_scales, const float* col_scales, std::int64_t n,
                                  std::int64_t count, bool add, float* out) {
  const std::int64_t step = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    const std::int64_t row = i / n, col = i % n;
    const float value =
        static_cast<float>(sums[row * stride + col]) * row_scales[row] * col_scales[col];
    out[i] = add ? out[i] + value : value;
  }
}

}  // namespace

void round_to_bf16(const float* in, std::int64_t rows, std::int64_t cols, std::int64_t stride,
                   std::uint16_t* out, Stream& stream) {
  launch(bf16_kernel, {.blocks = ceil_div(rows * stride / 4, 256)}, stream, in, cols, stride,
         rows * stride, out);
}

void cuda::round_to_bf16(Tensor in, Tensor out, Stream& stream) {
  expect_size("out", out, in.size());
  require(in.size() % operand_elements == 0, "{} elements are no whole pieces of {}", in.size(),
          operand_elements);
  switchyard::round_to_bf16(device_data<float>(in), 1, in.size(), in.size(),
                            device_data<std::uint16_t>(out), stream);
}

void encode_on_device(const OperandLines& lines, std::int64_t padded_lines, std::int64_t stride,
                      std::int8_t* codes, float* scales, Stream& stream) {
  const dim3 threads(warp_size, tile_ranks);
  if (lines.k_stride == 1) {
    launch(encode_along_kernel, {.blocks = ceil_div(padded_lines, tile_ranks), .threads = threads},
           stream, lines, padded_lines, stride, codes, scales);
    return;
  }
  constexpr std::int64_t shared =
      tile_ranks * line_tile * sizeof(std::uint32_t) + line_tile * (line_tile + 1);
  launch(encode_across_kernel,
         {.blocks = ceil_div(padded_lines, line_tile), .threads = threads, .shared_bytes = shared},
         stream, lines, padded_lines, stride, codes, scales);
}

void scale_sums(const std::int32_t* sums, std::int64_t stride, const float* row_scales,
                const float* col_scales, std::int64_t m, std::int64_t n, Write write, float* out,
                Stream& stream) {
  launch(scale_sums_kernel, map_grid(m * n), stream, sums, stride, row_scales, col_scales, n, m * n,
         write == Write::add, out);
}

}  // namespace switchyard
