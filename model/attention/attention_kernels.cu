// Causal attention within documents on a GPU: the running softmax of FlashAttention-2 (Dao 2023,
// arXiv:2307.08691), in f32. A block has a tile of queries of one head and walks over the keys they
// may see. Backward is in attention_backward_kernels.cu.
#include "model/attention/cuda_attention.h"
#include "model/cuda_ops.h"

namespace switchyard {
namespace {

constexpr int query_rows = 64, key_rows = 64;
constexpr int rows_each = query_rows / tile_side, keys_each = key_rows / tile_side;

template <int dims>
constexpr std::int64_t forward_shared_bytes() {
  return static_cast<std::int64_t>(sizeof(float)) *
         ((query_rows + key_rows) * SharedRows<dims>::stride +
          query_rows * SharedRows<key_rows>::stride);
}

// A thread's part of the softmax of its rows, while keys go by.
struct RunningRows {
  float largest[rows_each], sum[rows_each];
};

// score becomes e^(score - largest so far), 0 where masked; returns in `shrink` by what the sums so
// far are multiplied.
__device__ void soften(const Visible& visible, std::int64_t first_query, std::int64_t first_key,
                       float (&score)[rows_each][keys_each], RunningRows& rows,
                       float (&shrink)[rows_each]) {
  const int x = threadIdx.x % tile_side, y = threadIdx.x / tile_side;
  for (int r = 0; r < rows_each; ++r) {
    const std::int64_t query = first_query + tile_side * r + y;
    float largest = rows.largest[r];
    for (int c = 0; c < keys_each; ++c) {
      if (!visible(query, first_key + tile_side * c + x)) score[r][c] = -__builtin_inff();
      largest = score[r][c] > largest ? score[r][c] : largest;
    }
    largest = row_of_tile_max(largest);
    const bool none = largest == -__builtin_inff();
    shrink[r] = none ? 1.0F : exp_f32(rows.largest[r] - largest);
    float sum = 0.0F;
    for (int c = 0; c < keys_each; ++c) {
      score[r][c] = none ? 0.0F : exp_f32(score[r][c] - largest);
      sum += score[r][c];
    }
    rows.sum[r] = rows.sum[r] * shrink[r] + row_of_tile_sum(sum);
    rows.largest[r] = largest;
  }
}

template <int dims>
__global__ void __launch_bounds__(tile_threads) attention_kernel(AttentionCall call) {
  constexpr int dims_each = dims / tile_side;
  const AttentionTile at(call, query_rows);
  const SharedRows<dims> q{shared_memory<float>()}, keys{q.at(query_rows)};
  const SharedRows<key_rows> weights{keys.at(key_rows)};
  const int x = threadIdx.x % tile_side, y = threadIdx.x / tile_side;

  load_rows<query_rows>(call.q.of(at), at.first, at.end, call.scale, q);
  RunningRows rows;
  float out[rows_each][dims_each] = {};
  for (int r = 0; r < rows_each; ++r) {
    rows.largest[r] = -__builtin_inff();
    rows.sum[r] = 0.0F;
  }
  const Visible visible(call, at);
  const std::int64_t last = at.first + query_rows < at.end ? at.first + query_rows : at.end;
  for (std::int64_t key = visible.first_key(at.first) / key_rows * key_rows; key < last;
       key += key_rows) {
    float score[rows_each][keys_each], shrink[rows_each];
    load_rows<key_rows>(call.k.of(at), key, at.end, 1.0F, keys);
    __syncthreads();
    dot_tile(q, keys, score);
    soften(visible, at.first, key, score, rows, shrink);
    for (int r = 0; r < rows_each; ++r) {
      for (int c = 0; c < keys_each; ++c)
        weights.at(tile_side * r + y)[tile_side * c + x] = score[r][c];
      for (int c = 0; c < dims_each; ++c) out[r][c] *= shrink[r];
    }
    __syncthreads();  // the keys have been read, the weights written
    load_rows<key_rows>(call.v.of(at), key, at.end, 1.0F, keys);
    __syncthreads();
    add_weighted_rows<rows_each, dims_each>(weights, keys, out);
    __syncthreads();
  }
  float inverse[rows_each];
  for (int r = 0; r < rows_each; ++r) {
    inverse[r] = 1.0F / rows.sum[r];
    const std::int64_t row = at.first + tile_side * r + y;
    if (x == 0 && row < at.end) *call.log_sum_at(at, row) = rows.largest[r] + log_f32(rows.sum[r]);
  }
  store_rows(out, inverse, at.first, at.end, call.out.of(at));
}

}  // namespace

std::int64_t CudaModelOps::attention_scratch(const AttentionShape& shape, const Stream&) const {
  return shape.num_sequences * shape.sequence * shape.num_heads;  // of backward: a number per row
}

void CudaModelOps::attention(const AttentionTensors& tensors, const AttentionShape& shape, Tensor,
                             Stream& stream) {
  const AttentionCall call = attention_call(tensors, shape);
  const Grid grid = attention_grid(shape, shape.num_heads, query_rows);
  with_dims(shape.head_dim, [&](auto dims) {
    Grid sized = grid;
    sized.shared_bytes = forward_shared_bytes<dims()>();
    launch(attention_kernel<dims()>, sized, stream, call);
  });
  zero_attention_padding(shape, tensors.out, shape.num_heads * shape.head_dim, stream);
  zero_attention_padding(shape, tensors.log_sum, shape.num_heads, stream);
}

}  // namespace switchyard
