// Causal attention within documents, and its gradient. A unit of work is one (sequence, key/value
// head); it goes through its queries tile by tile. As in FlashAttention (Dao et al. 2022,
// arXiv:2205.14135) the probabilities never leave a tile; backward computes them again from the
// rows' log-sums.
#include <algorithm>
#include <array>

#include "model/attention/attention_layout.h"
#include "model/cpu_ops.h"
#include "runtime/expect.h"

namespace switchyard {
namespace {

void zero(Panels panels, std::int64_t count, std::int64_t rows) {
  for (std::int64_t p = 0; p < count; ++p) std::fill(panels.at(p), panels.at(p, rows), 0.0F);
}

void zero_padding(Tensor tensor, std::int64_t used_elements) {
  float* data = tensor.as<float>();
  std::fill(data + used_elements, data + tensor.size(), 0.0F);
}

void forward_tile(const Heads& heads, const AttentionTensors& tensors,
                  const ForwardScratch& scratch, std::int64_t sequence, std::int64_t head,
                  std::int64_t first_row) {
  const Sizes size(heads.shape);
  const std::int64_t dim = heads.shape.head_dim;
  const std::int64_t rows = heads.tile_rows(first_row);
  const QueryTile tile = make_tile(heads, sequence, first_row);
  const KeyRange keys = keys_of(tile, rows);
  std::array<float, QueryTile::rows> inverse_sum;
  std::array<float, QueryTile::rows> log_sum;

  pack(heads.query_rows(tensors.q, sequence, head).from(first_row), rows, dim, heads.softmax_scale,
       QueryTile::rows, scratch.q);
  score(tile, keys, scratch.q, scratch.keys_transposed, size.dim_panels, scratch.scores);
  softmax(tile, keys, scratch.scores, inverse_sum.data(), log_sum.data());
  zero(scratch.out, size.dim_panels, QueryTile::rows);
  add_weighted(tile, keys, scratch.scores, scratch.values, size.dim_panels, scratch.out);
  scale_rows(inverse_sum.data(), rows, size.dim_panels, scratch.out);
  unpack(scratch.out, rows, dim, 1.0F,
         heads.query_rows(tensors.out, sequence, head).from(first_row));

  float* log_sums = tensors.log_sum.as<float>() +
                    (sequence * heads.shape.sequence + first_row) * heads.shape.num_heads + head;
  for (std::int64_t r = 0; r < rows; ++r) log_sums[r * heads.shape.num_heads] = log_sum[r];
}

void forward_unit(const Heads& heads, const AttentionTensors& tensors, std::int64_t unit,
                  float* memory) {
  const Sizes size(heads.shape);
  Carver carver(memory);
  const ForwardScratch scratch(size, carver);
  const std::int64_t sequence = unit / heads.shape.num_kv_heads;
  const std::int64_t kv_head = unit % heads.shape.num_kv_heads;
  const std::int64_t rows = heads.shape.sequence;
  const std::int64_t dim = heads.shape.head_dim;
  pack_transposed(heads.key_rows(tensors.k, sequence, kv_head), rows, dim, 1.0F, size.keys,
                  size.dims, scratch.keys_transposed);
  pack(heads.key_rows(tensors.v, sequence, kv_head), rows, dim, 1.0F, size.keys, scratch.values);
  for (std::int64_t i = 0; i < heads.group(); ++i) {
    for (std::int64_t first_row = 0; first_row < rows; first_row += QueryTile::rows) {
      forward_tile(heads, tensors, scratch, sequence, kv_head * heads.group() + i, first_row);
    }
  }
}

struct Backward {
  const AttentionTensors& tensors;
  const AttentionGradients& gradients;
};

// Computes one tile's share of all five products, a few panels of keys at a time.
void backward_keys(const QueryTile& tile, KeyRange all_keys, const BackwardScratch& scratch,
                   const Sizes& size, const float* log_sum, const float* delta) {
  for (std::int64_t begin = all_keys.begin; begin < all_keys.end; begin += backward_panels) {
    const KeyRange keys = {begin, std::min(begin + backward_panels, all_keys.end)};
    score(tile, keys, scratch.q, scratch.keys_transposed, size.dim_panels, scratch.scores);
    score(tile, keys, scratch.d_out, scratch.values_transposed, size.dim_panels, scratch.d_weights);
    softmax_backward(tile, keys, log_sum, delta, scratch.scores, scratch.d_weights);
    add_weighted_transposed(tile, keys, scratch.d_out_transposed, scratch.scores, size.dim_blocks,
                            scratch.d_values_transposed);
    add_weighted_transposed(tile, keys, scratch.q_transposed, scratch.d_weights, size.dim_blocks,
                            scratch.d_keys_transposed);
    add_weighted(tile, keys, scratch.d_weights, scratch.keys, size.dim_panels, scratch.d_q);
  }
}

void backward_tile(const Heads& heads, const Backward& pass, const BackwardScratch& scratch,
                   std::int64_t sequence, std::int64_t head, std::int64_t first_row) {
  const Sizes size(heads.shape);
  const std::int64_t dim = heads.shape.head_dim;
  const std::int64_t rows = heads.tile_rows(first_row);
  const QueryTile tile = make_tile(heads, sequence, first_row);
  const HeadRows out = heads.query_rows(pass.tensors.out, sequence, head).from(first_row);
  const HeadRows d_out = heads.query_rows(pass.gradients.d_out, sequence, head).from(first_row);
  const float* log_sums = pass.tensors.log_sum.as<float>() +
                          (sequence * heads.shape.sequence + first_row) * heads.shape.num_heads +
                          head;
  std::array<float, QueryTile::rows> log_sum{};
  std::array<float, QueryTile::rows> delta{};
  for (std::int64_t r = 0; r < rows; ++r) log_sum[r] = log_sums[r * heads.shape.num_heads];
  dot_rows(d_out, out, rows, dim, delta.data());

  const HeadRows q = heads.query_rows(pass.tensors.q, sequence, head).from(first_row);
  pack(q, rows, dim, heads.softmax_scale, QueryTile::rows, scratch.q);
  pack_transposed(q, rows, dim, heads.softmax_scale, QueryTile::rows, size.dim_rows,
                  scratch.q_transposed);
  pack(d_out, rows, dim, 1.0F, QueryTile::rows, scratch.d_out);
  pack_transposed(d_out, rows, dim, 1.0F, QueryTile::rows, size.dim_rows, scratch.d_out_transposed);
  zero(scratch.d_q, size.dim_panels, QueryTile::rows);
  backward_keys(tile, keys_of(tile, rows), scratch, size, log_sum.data(), delta.data());

  unpack(scratch.d_q, rows, dim, heads.softmax_scale,
         heads.query_rows(pass.gradients.d_q, sequence, head).from(first_row));
}

void backward_unit(const Heads& heads, const Backward& pass, std::int64_t unit, float* memory) {
  const Sizes size(heads.shape);
  Carver carver(memory);
  const BackwardScratch scratch(size, carver);
  const std::int64_t sequence = unit / heads.shape.num_kv_heads;
  const std::int64_t kv_head = unit % heads.shape.num_kv_heads;
  const std::int64_t rows = heads.shape.sequence;
  const std::int64_t dim = heads.shape.head_dim;
  const HeadRows k = heads.key_rows(pass.tensors.k, sequence, kv_head);
  pack(k, rows, dim, 1.0F, size.keys, scratch.keys);
  pack_transposed(k, rows, dim, 1.0F, size.keys, size.dims, scratch.keys_transposed);
  pack_transposed(heads.key_rows(pass.tensors.v, sequence, kv_head), rows, dim, 1.0F, size.keys,
                  size.dims, scratch.values_transposed);
  zero(scratch.d_keys_transposed, num_panels(rows), size.dim_rows);
  zero(scratch.d_values_transposed, num_panels(rows), size.dim_rows);
  for (std::int64_t i = 0; i < heads.group(); ++i) {
    for (std::int64_t first_row = 0; first_row < rows; first_row += QueryTile::rows) {
      backward_tile(heads, pass, scratch, sequence, kv_head * heads.group() + i, first_row);
    }
  }
  unpack_transposed(scratch.d_keys_transposed, rows, dim,
                    heads.key_rows(pass.gradients.d_k, sequence, kv_head));
  unpack_transposed(scratch.d_values_transposed, rows, dim,
                    heads.key_rows(pass.gradients.d_v, sequence, kv_head));
}

}  // namespace

void check_attention(const AttentionTensors& tensors, const AttentionShape& shape) {
  const std::int64_t num_tokens = tensors.position.size();
  require(shape.num_kv_heads > 0 && shape.num_heads % shape.num_kv_heads == 0,
          "{} query heads do not divide into {} key/value heads", shape.num_heads,
          shape.num_kv_heads);
  require(shape.num_sequences * shape.sequence <= num_tokens,
          "{} sequences of {} tokens do not fit in {} positions", shape.num_sequences,
          shape.sequence, num_tokens);
  expect_size("q", tensors.q, num_tokens * shape.num_heads * shape.head_dim);
  expect_size("k", tensors.k, num_tokens * shape.num_kv_heads * shape.head_dim);
  expect_size("v", tensors.v, tensors.k.size());
  expect_size("out", tensors.out, tensors.q.size());
  expect_size("log_sum", tensors.log_sum, num_tokens * shape.num_heads);
}

void check_attention_gradients(const AttentionTensors& tensors,
                               const AttentionGradients& gradients) {
  expect_size("d_out", gradients.d_out, tensors.q.size());
  expect_size("d_q", gradients.d_q, tensors.q.size());
  expect_size("d_k", gradients.d_k, tensors.k.size());
  expect_size("d_v", gradients.d_v, tensors.v.size());
}

std::int64_t CpuModelOps::attention_scratch(const AttentionShape& shape,
                                            const Stream& stream) const {
  return unit_scratch(shape) * stream.num_threads();
}

void CpuModelOps::attention(const AttentionTensors& tensors, const AttentionShape& shape,
                            Tensor scratch, Stream& stream) {
  check_attention(tensors, shape);
  const Heads heads(shape, tensors.position);
  for_each_unit(stream, heads, scratch, [&](std::int64_t unit, float* memory) {
    forward_unit(heads, tensors, unit, memory);
  });
  const std::int64_t num_rows = shape.num_sequences * shape.sequence * shape.num_heads;
  zero_padding(tensors.out, num_rows * shape.head_dim);
  zero_padding(tensors.log_sum, num_rows);
}

void CpuModelOps::attention_backward(const AttentionTensors& tensors,
                                     const AttentionGradients& gradients,
                                     const AttentionShape& shape, Tensor scratch, Stream& stream) {
  check_attention(tensors, shape);
  check_attention_gradients(tensors, gradients);
  const Heads heads(shape, tensors.position);
  for_each_unit(stream, heads, scratch, [&](std::int64_t unit, float* memory) {
    backward_unit(heads, {tensors, gradients}, unit, memory);
  });
  const std::int64_t num_elements = shape.num_sequences * shape.sequence * shape.head_dim;
  zero_padding(gradients.d_q, num_elements * shape.num_heads);
  zero_padding(gradients.d_k, num_elements * shape.num_kv_heads);
  zero_padding(gradients.d_v, num_elements * shape.num_kv_heads);
}

}  // namespace switchyard
