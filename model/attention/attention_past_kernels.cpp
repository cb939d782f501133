// Attention of one new token per text to the text's earlier tokens.
#include <algorithm>
#include <cmath>

#include "model/cpu_ops.h"
#include "model/math.h"
#include "runtime/expect.h"
#include "runtime/sum16.h"

namespace switchyard {
namespace {

// Keys and values of one head of one text: token i's begin i * stride after the first.
struct PastHead {
  const float* keys;
  const float* values;
  std::int64_t count, stride, dim;
};

// score: room for `count` elements.
SWITCHYARD_MULTIVERSION
void attend_head(const PastHead& past, const float* q, float softmax_scale, float* score,
                 float* out) {
  float largest = -INFINITY;
  for (std::int64_t i = 0; i < past.count; ++i) {
    const float* key = past.keys + i * past.stride;
    score[i] =
        sum16<float>(past.dim, [=](std::int64_t d) { return q[d] * key[d]; }) * softmax_scale;
    largest = score[i] > largest ? score[i] : largest;
  }
  for (std::int64_t i = 0; i < past.count; ++i) score[i] = exp_f32(score[i] - largest);
  const float sum = sum16<float>(past.count, [=](std::int64_t i) { return score[i]; });
  for (std::int64_t d = 0; d < past.dim; ++d) out[d] = 0.0F;
  for (std::int64_t i = 0; i < past.count; ++i) {
    const float weight = score[i] / sum;
    const float* value = past.values + i * past.stride;
    for (std::int64_t d = 0; d < past.dim; ++d) out[d] += weight * value[d];
  }
}

}  // namespace

void CpuModelOps::attention_past(const PastAttentionTensors& tensors, Stream& stream) {
  const Tensor q = tensors.q, k = tensors.k, v = tensors.v, keys = tensors.keys,
               values = tensors.values, length = tensors.length, score = tensors.score,
               out = tensors.out;
  const std::int64_t rows = q.dim(0), num_heads = q.dim(1), dim = q.dim(2);
  const std::int64_t texts = keys.dim(0), capacity = keys.dim(1), kv_heads = keys.dim(2);
  const std::int64_t group = num_heads / kv_heads, stride = kv_heads * dim;
  expect_size("k", k, rows * stride);
  expect_size("v", v, rows * stride);
  expect_size("values", values, keys.size());
  expect_size("length", length, texts);
  expect_size("score", score, rows * num_heads * capacity);
  expect_size("out", out, q.size());
  const auto* lengths = length.as<std::int32_t>();
  for (std::int64_t text = 0; text < texts; ++text) {
    require(lengths[text] < capacity, "text {} holds {} tokens and has room for {}", text,
            lengths[text], capacity);
    const std::int64_t at = (text * capacity + lengths[text]) * stride;
    std::copy_n(k.as<float>() + text * stride, stride, keys.as<float>() + at);
    std::copy_n(v.as<float>() + text * stride, stride, values.as<float>() + at);
  }
  const auto softmax_scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(dim)));
  parallel_for(stream, rows * kv_heads, [&](std::int64_t unit) {
    const std::int64_t row = unit / kv_heads, kv_head = unit % kv_heads;
    const std::int64_t text = row < texts ? row : 0;
    const std::int64_t seen = first_seen(lengths[text], tensors.window);
    const std::int64_t first = (text * capacity + seen) * stride + kv_head * dim;
    const PastHead past = {keys.as<float>() + first, values.as<float>() + first,
                           lengths[text] + 1 - seen, stride, dim};
    for (std::int64_t i = 0; i < group; ++i) {
      const std::int64_t head = row * num_heads + kv_head * group + i;
      attend_head(past, q.as<float>() + head * dim, softmax_scale,
                  score.as<float>() + head * capacity, out.as<float>() + head * dim);
    }
  });
}

}  // namespace switchyard
