// gpu_ops_bench [TOKENS]: a roofline for every kernel of a training step on one GPU. Rates are in
// parts of what this GPU reaches when the program starts: a copy of 256 MiB, read and written, for
// what memory limits, and a product of 4,096 cubed by cuBLASLt in the same precision for what
// arithmetic does. What fits the GPU's cache can pass the first. TOKENS: of a micro-batch, 8192
// unless said; with less than 1024 all sizes are small, which tries the program and measures
// nothing.
#include <array>
#include <cstdlib>

#include "bench/roofline.h"
#include "experts/ops.h"
#include "model/ops.h"
#include "router/ops.h"
#include "router/payload.h"
#include "runtime/cuda.h"
#include "runtime/params.h"
#include "train/ops.h"

namespace switchyard {
namespace {

void measure_products(Gpu& gpu, Roofline& roofline) {
  const std::int64_t hidden = gpu.sizes().hidden;
  const std::int64_t rows = std::max(row_tile, gpu.sizes().tokens / 8 / row_tile * row_tile);
  const Buffer x = gpu.normals({rows, hidden}), weight = gpu.normals({hidden, hidden}),
               out = gpu.empty({rows, hidden}), d_weight = gpu.empty({hidden, hidden});
  const double flops = 2.0 * static_cast<double>(rows * hidden * hidden);
  const char* names[][3] = {
      {"expert product, f32", "expert product, bf16", "expert product, int8"},
      {"weight gradient, f32", "weight gradient, bf16", "weight gradient, int8"}};
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    const auto which = static_cast<std::size_t>(precision);
    roofline.flops(names[0][which], flops, precision, [&] {
      matmul(x, Op::plain, weight, Op::transposed, out, Write::replace, gpu.stream(), precision);
    });
    roofline.flops(names[1][which], flops, precision, [&] {
      matmul(out, Op::transposed, x, Op::plain, d_weight, Write::add, gpu.stream(), precision);
    });
  }
}

// The products of a layer's experts, one launch for all of them (runtime/grouped_matmul.h).
void measure_grouped_products(Gpu& gpu, Roofline& roofline) {
  const auto [hidden, experts] = std::array{gpu.sizes().hidden, gpu.sizes().experts};
  const std::int64_t each = padded_rows(gpu.sizes().tokens * gpu.sizes().top_k / experts);
  const Buffer x = gpu.normals({experts * each, hidden}), out = gpu.empty({experts * each, hidden}),
               sums = gpu.empty({experts * hidden, hidden}), misfit = gpu.empty({1}, DType::i32);
  const Buffer weights = gpu.normals({experts * hidden, hidden}),
               rounded = gpu.empty({experts * hidden, hidden}, DType::bf16),
               fixed_sums = gpu.empty({experts * hidden, hidden}, DType::i64);
  cuda::round_to_bf16(weights, rounded, gpu.stream());
  const double flops = 2.0 * static_cast<double>(experts * each * hidden * hidden);
  const auto measure = [&](Precision precision, std::array<const char*, 4> names) {
    const Tensor matrices = precision == Precision::bf16 ? rounded : weights;
    std::vector<RowGroup> groups;
    std::vector<GradientGroup> floats, fixed;
    std::vector<RowRange> ranges;
    for (std::int64_t e = 0; e < experts; ++e) {
      groups.push_back(
          {e * each, (e + 1) * each, matrices.row_range(e * hidden, (e + 1) * hidden)});
      const auto range = static_cast<std::int32_t>(e);
      floats.push_back({sums.tensor().row_range(e * hidden, (e + 1) * hidden), range, 1});
      fixed.push_back({fixed_sums.tensor().row_range(e * hidden, (e + 1) * hidden), range, 1});
      ranges.push_back({e * each, (e + 1) * each});
    }
    for (const auto& [op, name] : {std::pair{Op::transposed, names[0]}, {Op::plain, names[1]}}) {
      roofline.flops(name, flops, precision, [&, op = op] {
        matmul_groups(x, op, groups, out, Write::replace, gpu.stream(), precision);
      });
    }
    for (const auto& [sum, name] : {std::pair{&floats, names[2]}, {&fixed, names[3]}}) {
      roofline.flops(name, flops, precision, [&, sum = sum] {
        cuda::add_gradient_groups(x, out, {*sum, ranges, fixed_point_for(1024, 1), misfit},
                                  precision, gpu.stream());
      });
    }
  };
  measure(Precision::f32, {"all experts, f32", "their inputs' gradient", "their gradients",
                           "their gradients, exact"});
  measure(Precision::bf16, {"all experts, bf16", "their inputs' gradient", "their gradients",
                            "their gradients, exact"});
}

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
  roofline.flops("attention", 2.0 * product, Precision::f32, [&] {
    ops.attention(q, keys, keys, position, shape, out, log_sum, scratch, gpu.stream());
  });
  roofline.flops("attention, backward", 5.0 * product, Precision::f32, [&] {
    ops.attention_backward(q, keys, keys, position, shape, out, log_sum, q, d_q, d_k, d_v, scratch,
                           gpu.stream());
  });
}

void measure_model(Gpu& gpu, Roofline& roofline) {
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
    ops.rms_norm_backward(x, weight, inverse, x, out, d_weight, scratch, stream);
  });
  const RotaryTable table(of.sequence, of.head_dim, 1e4F, gpu.device());
  const Buffer position = gpu.counting(tokens, of.sequence);
  const Tensor turned = out.tensor().view({tokens, hidden / of.head_dim, of.head_dim});
  roofline.bytes("rotary positions", 2 * row_bytes,
                 [&] { ops.rotate(turned, position, table, 1, stream); });
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
}

void measure_routing(Gpu& gpu, Roofline& roofline) {
  RouterOps& ops = RouterOps::on(gpu.device());
  Stream& stream = gpu.stream();
  const std::int64_t tokens = gpu.sizes().tokens, hidden = gpu.sizes().hidden,
                     experts = gpu.sizes().experts, k = gpu.sizes().top_k, slots = tokens * k;
  const Buffer logits = gpu.normals({tokens, experts}), probability = gpu.empty({tokens, experts}),
               log_sum = gpu.empty({tokens}), choice = gpu.empty({tokens, k}, DType::i32);
  const double gate_bytes = bytes_of_f32 * static_cast<double>(tokens * experts);
  roofline.bytes("gate: softmax", 2 * gate_bytes,
                 [&] { ops.score(Weighing::softmax_topk, logits, probability, log_sum, stream); });
  roofline.bytes("gate: top-k", gate_bytes,
                 [&] { ops.pick({}, logits, probability, Tensor{}, choice, stream); });
  const Buffer weight = gpu.normals({tokens, k}), slope = gpu.normals({1, experts}),
               d_logits = gpu.empty({tokens, experts}),
               sums = gpu.empty({1, experts + 1}, DType::f64);
  roofline.bytes("gate, backward", 3 * gate_bytes, [&] {
    ops.choose_backward({}, logits, probability, log_sum, choice, weight, slope, 0.1F, d_logits,
                        stream);
  });
  roofline.bytes("gate: sums", gate_bytes,
                 [&] { ops.sum_probabilities(probability, log_sum, sums, stream); });
  const Buffer counts = gpu.empty({1, 2, experts}, DType::i64),
               copy = gpu.counting(experts, experts),
               token_of_slot = gpu.empty({slots}, DType::i32),
               sorted_slot = gpu.empty({tokens, k}, DType::i32);
  const double choice_bytes = sizeof(std::int32_t) * static_cast<double>(slots);
  roofline.bytes("plan: count", choice_bytes, [&] { ops.count_choices(choice, counts, stream); });
  roofline.bytes("plan: sort", 3 * choice_bytes, [&] {
    ops.sort_choices(choice, copy, experts, token_of_slot, sorted_slot, stream);
  });
  const Buffer x = gpu.normals({tokens, hidden}), rows = gpu.empty({slots, hidden}),
               out = gpu.empty({tokens, hidden});
  const Buffer from = gpu.counting(slots, tokens, 7919);
  const Buffer slot_of_choice = gpu.counting(slots, slots, 7919);
  const Tensor slot = slot_of_choice.tensor().view({tokens, k});
  const double row_bytes = bytes_of_f32 * static_cast<double>(hidden);
  for (const auto& [payload, name] : {std::pair{Payload::f32, "pack rows, f32"},
                                      {Payload::bf16, "pack rows, bf16"},
                                      {Payload::int8, "pack rows, int8"}}) {
    const std::int64_t packed_row = payload_row_bytes(payload, hidden);
    const Buffer packed = gpu.empty({slots, packed_row}, DType::u8);
    roofline.bytes(name, static_cast<double>(slots) * (row_bytes + static_cast<double>(packed_row)),
                   [&, payload = payload] { pack_rows(payload, x, from, packed, stream); });
    roofline.bytes("unpack them",
                   static_cast<double>(slots) * (row_bytes + static_cast<double>(packed_row)),
                   [&, payload = payload] {
                     unpack_rows(payload, packed, Tensor{}, Tensor{}, rows, slot_of_choice, stream);
                   });
  }
  roofline.bytes("sum choices", static_cast<double>(slots + tokens) * row_bytes,
                 [&] { ops.sum_choices(rows, weight, slot, out, stream); });
  roofline.bytes("dot choices", static_cast<double>(slots + tokens) * row_bytes,
                 [&] { ops.dot_choices(x, rows, slot, weight, stream); });
}

void measure_elementwise(Gpu& gpu, Roofline& roofline) {
  const Shape shape{gpu.sizes().tokens * gpu.sizes().hidden};
  const Buffer a = gpu.normals(shape), b = gpu.normals(shape), c = gpu.empty(shape),
               d = gpu.empty(shape);
  const double bytes = bytes_of_f32 * static_cast<double>(shape.size());
  ExpertOps& experts_ops = ExpertOps::on(gpu.device());
  TrainOps& train = TrainOps::on(gpu.device());
  roofline.bytes("SwiGLU", 3 * bytes, [&] { experts_ops.swiglu(a, b, c, gpu.stream()); });
  roofline.bytes("SwiGLU, backward", 5 * bytes,
                 [&] { experts_ops.swiglu_backward(a, b, a, c, d, gpu.stream()); });
  RuntimeOps& runtime = RuntimeOps::on(gpu.device());
  const Buffer sums = gpu.empty(shape, DType::i64), misfit = gpu.empty({1}, DType::i32),
               rounded = gpu.empty(shape, DType::bf16);
  roofline.bytes("add", 3 * bytes, [&] { runtime.add(a, c, gpu.stream()); });
  roofline.bytes("add in fixed point", 5 * bytes, [&] {
    runtime.add_fixed(a, fixed_point_for(1024, 1), sums, misfit, gpu.stream());
  });
  roofline.bytes("round to bf16", 1.5 * bytes,
                 [&] { cuda::round_to_bf16(a, rounded, gpu.stream()); });
  const Buffer figures = gpu.empty({(shape.size() + param_block - 1) / param_block}, DType::f64),
               hashes = gpu.empty(figures.tensor().shape, DType::i64);
  roofline.bytes("sum of squares", bytes,
                 [&] { train.sum_squares(a, 1.0, figures, gpu.stream()); });
  roofline.bytes("hash", bytes, [&] { train.hash_blocks(a, hashes, gpu.stream()); });
  roofline.bytes("AdamW", 7 * bytes, [&] { train.adamw({{a, {}, b, c, d}}, gpu.stream()); });
}

}  // namespace
}  // namespace switchyard

int main(int argc, char** argv) {
  using namespace switchyard;
  const std::int64_t tokens = argc > 1 ? std::atoll(argv[1]) : 8192;
  if (tokens < row_tile || tokens % row_tile != 0) {
    fmt::print(stderr, "usage: gpu_ops_bench [TOKENS], a multiple of {}\n", row_tile);
    return 2;
  }
  try {
    Gpu gpu(sizes_for(tokens));
    Roofline roofline(gpu);
    measure_products(gpu, roofline);
    measure_grouped_products(gpu, roofline);
    measure_attention(gpu, roofline);
    measure_model(gpu, roofline);
    measure_routing(gpu, roofline);
    measure_elementwise(gpu, roofline);
  } catch (const Error& error) {
    fmt::print(stderr, "gpu_ops_bench: {}\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
