// Attention of one new token per text to the text's earlier tokens, on a GPU. A block has one query
// head of one text; its warps take turns at the keys, and each keeps a running softmax
// (Dao 2023, arXiv:2307.08691). At the end the warps join in the order of their numbers.
#include "model/attention/cuda_attention.h"
#include "model/cuda_ops.h"

namespace switchyard {
namespace {

constexpr int past_warps = 8, past_threads = past_warps * warp_size;

struct PastCall {
  const float* q = nullptr;
  const float* k = nullptr;
  const float* v = nullptr;
  float* keys = nullptr;
  float* values = nullptr;
  const std::int32_t* length = nullptr;
  float* out = nullptr;
  float scale = 1.0F;
  std::int64_t texts = 0, capacity = 0, window = 0;
  int num_heads = 0, num_kv_heads = 0, head_dim = 0;
};

// Appends the new token's key and value to the text's others. A thread has one element.
__global__ void append_kernel(PastCall call) {
  const std::int64_t each = std::int64_t{call.num_kv_heads} * call.head_dim;
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= call.texts * each) return;
  const std::int64_t text = i / each;
  const std::int64_t to = (text * call.capacity + call.length[text]) * each + i % each;
  call.keys[to] = call.k[i];
  call.values[to] = call.v[i];
}

// A lane's part of a head, and what a warp has seen of the softmax.
template <int dims>
struct Seen {
  static constexpr int each = dims / warp_size;
  float out[each] = {};
  float largest = -__builtin_inff(), sum = 0.0F;

  __device__ void add(float score, const float (&value)[each]) {
    const float now = score > largest ? score : largest;
    const float shrink = exp_f32(largest - now), weight = exp_f32(score - now);
    largest = now;
    sum = sum * shrink + weight;
    for (int i = 0; i < each; ++i) out[i] = std::fma(weight, value[i], out[i] * shrink);
  }
};

template <int dims>
__device__ void load_lanes(const float* head, int head_dim, float (&to)[dims / warp_size]) {
  for (int i = 0; i < dims / warp_size; ++i) {
    const int dim = i * warp_size + static_cast<int>(threadIdx.x) % warp_size;
    to[i] = dim < head_dim ? head[dim] : 0.0F;
  }
}

// Joins what the warps left in shared memory; a thread has a dim. scratch: [past_warps, dims + 2].
template <int dims>
__device__ void join_warps(const float* scratch, int head_dim, float* out) {
  constexpr int stride = dims + 2;
  float largest = scratch[dims];
  for (int warp = 1; warp < past_warps; ++warp) {
    const float other = scratch[warp * stride + dims];
    largest = other > largest ? other : largest;
  }
  const int dim = static_cast<int>(threadIdx.x);
  if (dim >= head_dim) return;
  float sum = 0.0F, result = 0.0F;
  for (int warp = 0; warp < past_warps; ++warp) {
    const float* seen = scratch + warp * stride;
    const float shrink = exp_f32(seen[dims] - largest);
    sum = std::fma(seen[dims + 1], shrink, sum);
    result = std::fma(seen[dim], shrink, result);
  }
  out[dim] = result / sum;
}

template <int dims>
__global__ void __launch_bounds__(past_threads) past_kernel(PastCall call) {
  constexpr int each = dims / warp_size, stride = dims + 2;
  const std::int64_t row = blockIdx.x, text = row < call.texts ? row : 0;
  const int head = static_cast<int>(blockIdx.y), dim = call.head_dim;
  const int kv_head = head / (call.num_heads / call.num_kv_heads);
  const int warp = static_cast<int>(threadIdx.x) / warp_size,
            lane = static_cast<int>(threadIdx.x) % warp_size;
  const std::int64_t step = std::int64_t{call.num_kv_heads} * dim;
  const std::int64_t first = text * call.capacity * step + kv_head * dim;
  const std::int64_t at = (row * call.num_heads + head) * dim;

  float q[each], key[each], value[each];
  load_lanes<dims>(call.q + at, dim, q);
  Seen<dims> seen;
  const int last = call.length[text];
  for (int i = static_cast<int>(first_seen(last, call.window)) + warp; i <= last; i += past_warps) {
    load_lanes<dims>(call.keys + first + i * step, dim, key);
    load_lanes<dims>(call.values + first + i * step, dim, value);
    float dot = 0.0F;
    for (int j = 0; j < each; ++j) dot = std::fma(q[j], key[j], dot);
    seen.add(warp_sum(dot) * call.scale, value);
  }
  auto* scratch = shared_memory<float>();
  for (int j = 0; j < each; ++j) scratch[warp * stride + j * warp_size + lane] = seen.out[j];
  if (lane == 0) {
    scratch[warp * stride + dims] = seen.largest;
    scratch[warp * stride + dims + 1] = seen.sum;
  }
  __syncthreads();
  join_warps<dims>(scratch, dim, call.out + at);
}

}  // namespace

// No score leaves its warp, so `score` is not written.
void CudaModelOps::attention_past(const PastAttentionTensors& tensors, Stream& stream) {
  const Tensor q = tensors.q, k = tensors.k, v = tensors.v, keys = tensors.keys,
               values = tensors.values, length = tensors.length, out = tensors.out;
  const std::int64_t rows = q.dim(0), texts = keys.dim(0);
  PastCall call;
  call.num_heads = static_cast<int>(q.dim(1));
  call.num_kv_heads = static_cast<int>(keys.dim(2));
  call.head_dim = static_cast<int>(q.dim(2));
  const std::int64_t each = std::int64_t{call.num_kv_heads} * call.head_dim;
  expect_size("k", k, rows * each);
  expect_size("v", v, rows * each);
  expect_size("values", values, keys.size());
  expect_size("length", length, texts);
  expect_size("out", out, q.size());
  call.q = device_data<float>(q);
  call.k = device_data<float>(k);
  call.v = device_data<float>(v);
  call.keys = device_data<float>(keys);
  call.values = device_data<float>(values);
  call.length = device_data<std::int32_t>(length);
  call.out = device_data<float>(out);
  call.scale = 1.0F / std::sqrt(static_cast<float>(call.head_dim));
  call.texts = texts;
  call.capacity = keys.dim(1);
  call.window = tensors.window;
  launch(append_kernel, {.blocks = ceil_div(texts * each, 256)}, stream, call);
  with_dims(call.head_dim, [&](auto dims) {
    const Grid grid{.blocks = rows,
                    .threads = past_threads,
                    .blocks_y = call.num_heads,
                    .shared_bytes = past_warps * (dims() + 2) * std::int64_t{sizeof(float)}};
    launch(past_kernel<dims()>, grid, stream, call);
  });
}

}  // namespace switchyard
