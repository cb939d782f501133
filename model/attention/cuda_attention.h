// What the kernels of attention share: where heads lie, and what a query may see.
#pragma once

#include <type_traits>

#include "model/attention/cuda_attention_tile.h"
#include "model/ops.h"
#include "runtime/expect.h"
#include "runtime/math.h"

namespace switchyard {

struct AttentionTile;

// A [tokens, heads, head_dim] tensor.
struct DeviceHeads {
  float* data = nullptr;
  int heads = 0, head_dim = 0;
  std::int64_t sequence = 0;

  // Rows of a sequence's head.
  __device__ DeviceRows rows(std::int64_t which, int head) const {
    const std::int64_t stride = std::int64_t{heads} * head_dim;
    return {data + which * sequence * stride + head * head_dim, stride, head_dim};
  }
  // The rows of the tile's query head, or of the key/value head that this query head shares.
  __device__ DeviceRows of(const AttentionTile& tile) const;
};

struct AttentionCall {
  DeviceHeads q, k, v, out, d_out, d_q, d_k, d_v;
  const std::int32_t* position = nullptr;
  float* log_sum = nullptr;
  float* delta = nullptr;  // [tokens, heads]: dot of d_out and out
  float scale = 1.0F;
  int num_heads = 0, num_kv_heads = 0;
  std::int64_t sequence = 0;

  __device__ float* log_sum_at(const AttentionTile& tile, std::int64_t row) const;
  __device__ float* delta_at(const AttentionTile& tile, std::int64_t row) const;
};

// What a block works on: rows [first, first + tile) of the head blockIdx.y of the sequence
// blockIdx.z. The longest tiles of a sequence start first.
struct AttentionTile {
  std::int64_t first, end;  // end: of the sequence
  std::int64_t sequence;
  int head;

  __device__ AttentionTile(const AttentionCall& call, int rows)
      : first(std::int64_t{gridDim.x - 1 - blockIdx.x} * rows),
        end(call.sequence),
        sequence(blockIdx.z),
        head(static_cast<int>(blockIdx.y)) {}
};

__device__ inline DeviceRows DeviceHeads::of(const AttentionTile& tile) const {
  const int share = static_cast<int>(gridDim.y) / heads;
  return rows(tile.sequence, tile.head / share);
}
__device__ inline float* AttentionCall::log_sum_at(const AttentionTile& tile,
                                                   std::int64_t row) const {
  return log_sum + (tile.sequence * sequence + row) * num_heads + tile.head;
}
__device__ inline float* AttentionCall::delta_at(const AttentionTile& tile,
                                                 std::int64_t row) const {
  return delta + (tile.sequence * sequence + row) * num_heads + tile.head;
}

// A query sees the keys of its document up to itself.
struct Visible {
  const std::int32_t* position;
  std::int64_t end;

  __device__ Visible(const AttentionCall& call, const AttentionTile& tile)
      : position(call.position + tile.sequence * call.sequence), end(call.sequence) {}
  __device__ std::int64_t first_key(std::int64_t query) const { return query - position[query]; }
  __device__ bool operator()(std::int64_t query, std::int64_t key) const {
    return query < end && key <= query && key >= first_key(query);
  }
};

inline DeviceHeads device_heads(Tensor tensor, int heads, const AttentionShape& shape) {
  return {device_data<float>(tensor), heads, static_cast<int>(shape.head_dim), shape.sequence};
}

inline AttentionCall attention_call(const AttentionTensors& tensors, const AttentionShape& shape) {
  check_attention(tensors, shape);
  AttentionCall call;
  call.q = device_heads(tensors.q, shape.num_heads, shape);
  call.k = device_heads(tensors.k, shape.num_kv_heads, shape);
  call.v = device_heads(tensors.v, shape.num_kv_heads, shape);
  call.out = device_heads(tensors.out, shape.num_heads, shape);
  call.position = device_data<std::int32_t>(tensors.position);
  call.log_sum = device_data<float>(tensors.log_sum);
  call.scale = 1.0F / std::sqrt(static_cast<float>(shape.head_dim));
  call.num_heads = shape.num_heads;
  call.num_kv_heads = shape.num_kv_heads;
  call.sequence = shape.sequence;
  return call;
}

inline Grid attention_grid(const AttentionShape& shape, int heads, int rows) {
  return {.blocks = ceil_div(shape.sequence, rows),
          .threads = tile_threads,
          .blocks_y = heads,
          .blocks_z = shape.num_sequences};
}

// Calls body with the smallest number of dims that has a kernel, as a compile-time constant.
template <class Body>
void with_dims(std::int64_t head_dim, Body body) {
  if (head_dim <= 32) return body(std::integral_constant<int, 32>{});
  if (head_dim <= 64) return body(std::integral_constant<int, 64>{});
  if (head_dim <= 128) return body(std::integral_constant<int, 128>{});
  require(head_dim <= 256, Exit::usage,
          "model.head_dim = {}: attention on a GPU supports at most 256", head_dim);
  return body(std::integral_constant<int, 256>{});
}

// Zeroes the rows of tokens that belong to no sequence.
inline void zero_attention_padding(const AttentionShape& shape, Tensor tensor,
                                   std::int64_t per_token, Stream& stream) {
  const std::int64_t used = shape.num_sequences * shape.sequence * per_token;
  const Tensor rest = tensor.range(used, tensor.size());
  if (rest.empty()) return;
  check(cudaMemsetAsync(device_data<float>(rest), 0, static_cast<std::size_t>(rest.bytes()),
                        cuda_queue(stream).stream()));
}

}  // namespace switchyard
