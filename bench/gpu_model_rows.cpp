// The dense half of a layer, the embedding and the loss.
#include <array>

#include "bench/gpu_rows.h"
#include "model/attention/rotary.h"
#include "model/ops.h"
#include "runtime/params/params.h"

namespace switchyard {
namespace {

void measure_attention(Gpu& gpu, Roofline& roofline) {
  ModelOps& ops = ModelOps::on(gpu.device());
  const auto [heads, kv_heads, head_dim] =
      std::array{gpu.sizes().heads, gpu.sizes().kv_heads, gpu.sizes().head_dim};
  const std::int64_t tokens = gpu.sizes().tokens, length = std::min(gpu.sizes().sequence, tokens);
  const AttentionShape shape{tokens / length, length, static_cast<int>(heads),
                             static_cast<int>(kv_heads), head_dim};
  const Buffer q = gpu.normals({tokens, heads, head_dim}),
               keys = gpu.normals({tokens, kv_heads, head_dim});
  const Buffer out = gpu.empty(q.tensor().shape), log_sum = gpu.empty({tokens, heads}),
               d_q = gpu.empty(q.tensor().shape), d_k = gpu.empty(keys.tensor().shape),
               d_v = gpu.empty(keys.tensor().shape);
  const Buffer position = gpu.counting(tokens, length),
               scratch = gpu.empty({ops.attention_scratch(shape, gpu.stream())});
  const double product = static_cast<double>(tokens * heads * head_dim) *
                         static_cast<double>(length + 1);  // over the visible pairs
  const AttentionTensors tensors{q, keys, keys, position, out, log_sum};
  roofline.flops("attention", 2.0 * product, Precision::f32,
                 [&] { ops.attention(tensors, shape, scratch, gpu.stream()); });
  roofline.flops("attention, backward", 5.0 * product, Precision::f32, [&] {
    ops.attention_backward(tensors, {q, d_q, d_k, d_v}, shape, scratch, gpu.stream());
  });
}

// A new token for each of many texts. Their keys and values fill the cache.
void measure_attention_past(Gpu& gpu, Roofline& roofline) {
  const Sizes& of = gpu.sizes();
  const std::int64_t texts = std::max(row_tile, of.tokens / 128 / row_tile * row_tile);
  const Buffer q = gpu.normals({texts, of.heads, of.head_dim}),
               k = gpu.normals({texts, of.kv_heads, of.head_dim}),
               keys = gpu.empty({texts, of.sequence, of.kv_heads, of.head_dim}),
               values = gpu.empty(keys.tensor().shape), out = gpu.empty(q.tensor().shape);
  const std::vector<std::int32_t> full(static_cast<std::size_t>(texts),
                                       static_cast<std::int32_t>(of.sequence - 1));
  const Buffer length = gpu.filled(full, {texts});
  roofline.bytes("attention to the past", static_cast<double>(2 * keys.tensor().bytes()), [&] {
    ModelOps::on(gpu.device())
        .attention_past({q, k, k, keys, values, length, Tensor{}, out}, gpu.stream());
  });
}

void measure_elements(Gpu& gpu, Roofline& roofline) {
  ModelOps& ops = ModelOps::on(gpu.device());
  Stream& stream = gpu.stream();
  const Sizes& of = gpu.sizes();
  const std::int64_t tokens = of.tokens, hidden = of.hidden, vocabulary = of.vocabulary;
  const Buffer x = gpu.normals({tokens, hidden}), out = gpu.empty({tokens, hidden}),
               weight = gpu.normals({hidden}), inverse = gpu.empty({tokens}),
               d_weight = gpu.empty({hidden});
  const Buffer scratch = gpu.empty({ops.rms_norm_scratch(tokens, hidden)});
  const double row_bytes = bytes_of_f32 * static_cast<double>(tokens * hidden);
  roofline.bytes("RMSNorm", 2 * row_bytes,
                 [&] { ops.rms_norm(x, weight, 1e-5F, out, inverse, stream); });
  roofline.bytes("RMSNorm, backward", 5 * row_bytes, [&] {  // x and d_out are read twice
    ops.rms_norm_backward({x, weight, inverse, x, out, d_weight}, scratch, stream);
  });
  const RotaryTable table(of.sequence, of.head_dim, 1e4F, gpu.device());
  const Buffer position = gpu.counting(tokens, of.sequence);
  const Tensor rotated = out.tensor().view({tokens, hidden / of.head_dim, of.head_dim});
  roofline.bytes("rotary positions", 2 * row_bytes,
                 [&] { ops.rotate(rotated, position, table, 1, stream); });
  const Buffer token = gpu.counting(tokens, vocabulary, 7919),
               rows = gpu.empty({vocabulary, hidden});
  roofline.bytes("embedding", 2 * row_bytes, [&] { ops.embed(token, rows, out, stream); });
  roofline.bytes("embedding, backward",
                 row_bytes + bytes_of_f32 * static_cast<double>(vocabulary * hidden),
                 [&] { ops.embed_backward(token, x, rows, stream); });
  const std::int64_t some = std::max(row_tile, tokens / 8 / row_tile * row_tile);
  const Buffer logits = gpu.normals({some, vocabulary}), target = gpu.counting(some, vocabulary),
               loss = gpu.empty({some});
  roofline.bytes("cross-entropy", 2 * bytes_of_f32 * static_cast<double>(some * vocabulary),
                 [&] { ops.cross_entropy(logits, target, 1.0F, loss, stream); });
  const Buffer best = gpu.empty({some}, DType::i32), probability = gpu.empty({some}),
               entropy = gpu.empty({some}), log_sum = gpu.empty({some});
  const TokenScores scores{loss, best, probability, entropy, log_sum};
  roofline.bytes("scores of tokens", bytes_of_f32 * static_cast<double>(some * vocabulary),
                 [&] { ops.token_scores(logits, target, scores, stream); });
}

}  // namespace

void measure_model(Gpu& gpu, Roofline& roofline) {
  measure_attention(gpu, roofline);
  measure_attention_past(gpu, roofline);
  measure_elements(gpu, roofline);
}

}  // namespace switchyard
