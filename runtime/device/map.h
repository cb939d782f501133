// map: out[i] = function(in[i]...) on a GPU, reading and writing 16 bytes at a time where the
// addresses allow. For .cu files.
#pragma once

#include <algorithm>

#include "runtime/device/kernel.h"

namespace switchyard {

// Enough blocks to fill any GPU. With more elements, each thread takes several.
inline Grid map_grid(std::int64_t count) {
  return {.blocks = std::min<std::int64_t>(ceil_div(count, 256), 4096)};
}

template <class Function, class... Four>
__device__ __forceinline__ float4 map4(const Function& function, const Four&... in) {
  return make_float4(function(in.x...), function(in.y...), function(in.z...), function(in.w...));
}

// out and in may be the same. quads: the number of groups of four elements that can be read and
// written in one piece.
template <class Function, class... In>
__global__ void map_kernel(Function function, std::int64_t count, std::int64_t quads, float* out,
                           const In*... in) {
  const std::int64_t first = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = first; i < quads; i += stride) {
    store4(out + 4 * i, map4(function, load4(in + 4 * i)...));
  }
  for (std::int64_t i = 4 * quads + first; i < count; i += stride) out[i] = function(in[i]...);
}

template <class Function, class... In>
void map(Function function, std::int64_t count, float* out, Stream& stream, const In*... in) {
  const std::int64_t quads = in_quads(0, out, in...) ? count / 4 : 0;
  launch(map_kernel<Function, In...>, map_grid(quads > 0 ? quads : count), stream, function, count,
         quads, out, in...);
}

}  // namespace switchyard
