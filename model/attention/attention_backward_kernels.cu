// The gradient of attention on a GPU, without atomics: one kernel owns the queries, another the
// keys, and both recompute the probabilities from the rows' log-sums. Every sum thus has one order.
#include "model/attention/cuda_attention.h"
#include "model/cuda_ops.h"

namespace switchyard {
namespace {

constexpr int back_rows = 32;
constexpr int back_each = back_rows / tile_side;

template <int dims>
constexpr std::int64_t backward_shared_bytes() {
  return static_cast<std::int64_t>(sizeof(float)) *
         (4 * back_rows * SharedRows<dims>::stride + 2 * back_rows * SharedRows<back_rows>::stride);
}

// The shared memory of both kernels.
template <int dims>
struct BackwardTiles {
  SharedRows<dims> q, d_out, k, v;
  SharedRows<back_rows> weight, d_score;

  __device__ BackwardTiles()
      : q{shared_memory<float>()},
        d_out{q.at(back_rows)},
        k{d_out.at(back_rows)},
        v{k.at(back_rows)},
        weight{v.at(back_rows)},
        d_score{weight.at(back_rows)} {}
};

// delta = dot(d_out, out), a warp to a row of a head.
__global__ void delta_kernel(AttentionCall call, std::int64_t rows) {
  const std::int64_t row = std::int64_t{blockIdx.x} * blockDim.y + threadIdx.y;
  if (row >= rows) return;
  const int dims = call.out.head_dim;
  float dot = 0.0F;
  for (int i = threadIdx.x; i < dims; i += warp_size)
    dot += call.d_out.data[row * dims + i] * call.out.data[row * dims + i];
  dot = warp_sum(dot);
  if (threadIdx.x == 0) call.delta[row] = dot;
}

// The first query and key of a tile.
struct TileStart {
  std::int64_t query, key;
};

// weight: the probability of (query, key); d_score: the gradient by their score. Both for the
// thread's rows (queries) and columns (keys), 0 where masked.
template <int dims>
__device__ void score_pair(const AttentionCall& call, const AttentionTile& tile,
                           const Visible& visible, const BackwardTiles<dims>& shared,
                           TileStart first, float (&weight)[back_each][back_each],
                           float (&d_score)[back_each][back_each]) {
  const int x = threadIdx.x % tile_side, y = threadIdx.x / tile_side;
  dot_tile(shared.q, shared.k, weight);
  dot_tile(shared.d_out, shared.v, d_score);
  for (int r = 0; r < back_each; ++r) {
    const std::int64_t query = first.query + tile_side * r + y;
    const float log_sum = query < tile.end ? *call.log_sum_at(tile, query) : 0.0F;
    const float delta = query < tile.end ? *call.delta_at(tile, query) : 0.0F;
    for (int c = 0; c < back_each; ++c) {
      const bool seen = visible(query, first.key + tile_side * c + x);
      weight[r][c] = seen ? exp_f32(weight[r][c] - log_sum) : 0.0F;
      d_score[r][c] = weight[r][c] * (d_score[r][c] - delta);
    }
  }
}

// A multiprocessor's shared memory holds only one block of the largest heads, which may therefore
// use all registers; 0 leaves the choice to the compiler.
template <int dims>
__global__ void __launch_bounds__(tile_threads, dims > 128 ? 1 : 0)
    query_gradient_kernel(AttentionCall call) {
  constexpr int dims_each = dims / tile_side;
  const AttentionTile at(call, back_rows);
  const BackwardTiles<dims> shared;
  const int x = threadIdx.x % tile_side, y = threadIdx.x / tile_side;
  load_rows<back_rows>(call.q.of(at), at.first, at.end, call.scale, shared.q);
  load_rows<back_rows>(call.d_out.of(at), at.first, at.end, 1.0F, shared.d_out);
  const Visible visible(call, at);
  const std::int64_t last = at.first + back_rows < at.end ? at.first + back_rows : at.end;
  float d_q[back_each][dims_each] = {};
  for (std::int64_t key = visible.first_key(at.first) / back_rows * back_rows; key < last;
       key += back_rows) {
    load_rows<back_rows>(call.k.of(at), key, at.end, 1.0F, shared.k);
    load_rows<back_rows>(call.v.of(at), key, at.end, 1.0F, shared.v);
    __syncthreads();
    float weight[back_each][back_each], d_score[back_each][back_each];
    score_pair(call, at, visible, shared, {at.first, key}, weight, d_score);
    for (int r = 0; r < back_each; ++r)
      for (int c = 0; c < back_each; ++c)
        shared.d_score.at(tile_side * r + y)[tile_side * c + x] = d_score[r][c];
    __syncthreads();
    add_weighted_rows<back_each, dims_each>(shared.d_score, shared.k, d_q);
    __syncthreads();
  }
  float scale[back_each];
  for (float& each : scale) each = call.scale;
  store_rows(d_q, scale, at.first, at.end, call.d_q.of(at));
}

// blockIdx.y is a key/value head; its query heads follow one another.
template <int dims>
__global__ void __launch_bounds__(tile_threads) key_gradient_kernel(AttentionCall call) {
  constexpr int dims_each = dims / tile_side;
  const AttentionTile at(call, back_rows);
  const BackwardTiles<dims> shared;
  const int x = threadIdx.x % tile_side, y = threadIdx.x / tile_side;
  load_rows<back_rows>(call.k.of(at), at.first, at.end, 1.0F, shared.k);
  load_rows<back_rows>(call.v.of(at), at.first, at.end, 1.0F, shared.v);
  const Visible visible(call, at);
  const int share = call.num_heads / call.num_kv_heads;
  float d_k[back_each][dims_each] = {}, d_v[back_each][dims_each] = {};
  AttentionTile query_tile = at;
  for (int i = 0; i < share; ++i) {
    query_tile.head = at.head * share + i;
    for (std::int64_t query = at.first; query < at.end; query += back_rows) {
      if (visible.first_key(query) >= at.first + back_rows) break;  // later documents
      load_rows<back_rows>(call.q.rows(at.sequence, query_tile.head), query, at.end, call.scale,
                           shared.q);
      load_rows<back_rows>(call.d_out.rows(at.sequence, query_tile.head), query, at.end, 1.0F,
                           shared.d_out);
      __syncthreads();
      float weight[back_each][back_each], d_score[back_each][back_each];
      score_pair(call, query_tile, visible, shared, {query, at.first}, weight, d_score);
      for (int r = 0; r < back_each; ++r) {
        for (int c = 0; c < back_each; ++c) {  // transposed: a row per key
          shared.weight.at(tile_side * c + x)[tile_side * r + y] = weight[r][c];
          shared.d_score.at(tile_side * c + x)[tile_side * r + y] = d_score[r][c];
        }
      }
      __syncthreads();
      add_weighted_rows<back_each, dims_each>(shared.weight, shared.d_out, d_v);
      add_weighted_rows<back_each, dims_each>(shared.d_score, shared.q, d_k);
      __syncthreads();
    }
  }
  float one[back_each];
  for (float& each : one) each = 1.0F;
  store_rows(d_k, one, at.first, at.end, call.d_k.of(at));  // q carries the scale
  store_rows(d_v, one, at.first, at.end, call.d_v.of(at));
}

}  // namespace

void CudaModelOps::attention_backward(const AttentionTensors& tensors,
                                      const AttentionGradients& gradients,
                                      const AttentionShape& shape, Tensor scratch, Stream& stream) {
  const std::int64_t rows = shape.num_sequences * shape.sequence * shape.num_heads;
  require(scratch.size() >= rows, "scratch has {} elements; {} are needed", scratch.size(), rows);
  AttentionCall call = attention_call(tensors, shape);
  check_attention_gradients(tensors, gradients);
  call.d_out = device_heads(gradients.d_out, shape.num_heads, shape);
  call.d_q = device_heads(gradients.d_q, shape.num_heads, shape);
  call.d_k = device_heads(gradients.d_k, shape.num_kv_heads, shape);
  call.d_v = device_heads(gradients.d_v, shape.num_kv_heads, shape);
  call.delta = device_data<float>(scratch);
  launch(delta_kernel, {.blocks = ceil_div(rows, 8), .threads = {warp_size, 8}}, stream, call,
         rows);
  with_dims(shape.head_dim, [&](auto dims) {
    Grid queries = attention_grid(shape, shape.num_heads, back_rows);
    Grid keys = attention_grid(shape, shape.num_kv_heads, back_rows);
    queries.shared_bytes = keys.shared_bytes = backward_shared_bytes<dims()>();
    launch(query_gradient_kernel<dims()>, queries, stream, call);
    launch(key_gradient_kernel<dims()>, keys, stream, call);
  });
  zero_attention_padding(shape, gradients.d_q, shape.num_heads * shape.head_dim, stream);
  zero_attention_padding(shape, gradients.d_k, shape.num_kv_heads * shape.head_dim, stream);
  zero_attention_padding(shape, gradients.d_v, shape.num_kv_heads * shape.head_dim, stream);
}

}  // namespace switchyard
