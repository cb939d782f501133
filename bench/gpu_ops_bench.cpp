// gpu_ops_bench [TOKENS]: a roofline for every kernel of a training step on one GPU. Rates are in
// parts of what this GPU reaches when the program starts: a copy of 256 MiB, read and written, for
// what memory limits, and a product of 4,096 cubed by cuBLASLt in the same precision for what
// arithmetic does. What fits the GPU's cache can pass the first. TOKENS: of a micro-batch, 8192
// unless said; with less than 1024 all sizes are small, which tries the program and measures
// nothing.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <vector>

#include "experts/ops.h"
#include "model/ops.h"
#include "router/ops.h"
#include "router/payload.h"
#include "runtime/host_access.h"
#include "runtime/matmul.h"
#include "runtime/ops.h"
#include "runtime/random.h"
#include "train/ops.h"

namespace switchyard {
namespace {

constexpr double bytes_of_f32 = sizeof(float);

struct Sizes {
  std::int64_t tokens = 8192;
  std::int64_t hidden = 2048, heads = 16, kv_heads = 4, head_dim = 128, experts = 64, top_k = 2;
  std::int64_t vocabulary = 32768, sequence = 2048;
  std::int64_t copied_bytes = 256 << 20, product_side = 4096;  // of the limits
};

Sizes sizes_for(std::int64_t tokens) {
  if (tokens >= 1024) return {.tokens = tokens};
  return {.tokens = tokens,
          .hidden = 64,
          .heads = 2,
          .kv_heads = 1,
          .head_dim = 32,
          .experts = 8,
          .vocabulary = 256,
          .sequence = 16,
          .copied_bytes = 1 << 16,
          .product_side = 64};
}

class Gpu {
 public:
  explicit Gpu(const Sizes& sizes) : sizes_(sizes), stream_(Stream::cuda(device_)) {}

  Stream& stream() { return stream_; }
  Device device() const { return device_; }
  const Sizes& sizes() const { return sizes_; }

  Buffer empty(Shape shape, DType dtype = DType::f32) const { return {shape, dtype, device_}; }
  Buffer normals(Shape shape) const {
    const Random random(1, Purpose::init);
    std::vector<float> values(static_cast<std::size_t>(shape.size()));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(random.normal(i % 65536));
    return filled(values, shape);
  }
  // 0, 1, ... modulus - 1, over and over, in steps that scatter.
  Buffer counting(std::int64_t count, std::int64_t modulus, std::int64_t step = 1) const {
    std::vector<std::int32_t> values;
    for (std::int64_t i = 0; i < count; ++i)
      values.push_back(static_cast<std::int32_t>(i * step % modulus));
    return filled(values, {count});
  }

  // The middle of several runs, each of as many calls as take a while.
  double seconds_of(const std::function<void()>& op) {
    op();
    stream_.synchronize();
    const double once = seconds_of(op, 1);
    const int calls = std::clamp(static_cast<int>(0.02 / once), 1, 200);
    std::vector<double> runs;
    for (int run = 0; run < 5; ++run) runs.push_back(seconds_of(op, calls) / calls);
    std::sort(runs.begin(), runs.end());
    return runs[runs.size() / 2];
  }

 private:
  template <class T>
  Buffer filled(const std::vector<T>& values, Shape shape) const {
    Buffer buffer(shape, dtype_of<T>(), device_);
    write_now(values.data(), buffer);
    return buffer;
  }
  double seconds_of(const std::function<void()>& op, int calls) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) op();
    stream_.synchronize();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  Sizes sizes_;
  Device device_ = Device::cuda(0);
  Stream stream_;
};

// Prints a row for each op, in parts of a limit.
class Roofline {
 public:
  explicit Roofline(Gpu& gpu) : gpu_(gpu) {
    const std::int64_t copied = gpu.sizes().copied_bytes, side = gpu.sizes().product_side;
    const Buffer from = gpu.empty({copied}, DType::u8), to = gpu.empty({copied}, DType::u8);
    memory_ = 2.0 * static_cast<double>(copied) /
              gpu.seconds_of([&] { RuntimeOps::on(gpu.device()).copy(from, to, gpu.stream()); });
    const Buffer a = gpu.normals({side, side}), b = gpu.normals({side, side}),
                 out = gpu.empty({side, side});
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
      arithmetic_.push_back(2.0 * static_cast<double>(side * side * side) / gpu.seconds_of([&] {
        matmul(a, Op::plain, b, Op::transposed, out, Write::replace, gpu.stream(), precision);
      }));
    }
    fmt::print("copy {:.1f} GB/s; products f32 {:.1f}, bf16 {:.1f}, int8 {:.1f} TFLOP/s\n\n",
               memory_ / 1e9, arithmetic_[0] / 1e12, arithmetic_[1] / 1e12, arithmetic_[2] / 1e12);
    fmt::print("{:<28} {:>10} {:>12} {:>8}\n", "op", "us", "GB/s, TFLOP/s", "of limit");
  }

  void bytes(const char* name, double bytes, const std::function<void()>& op) {
    const double seconds = gpu_.seconds_of(op);
    print(name, seconds, bytes / seconds / 1e9, bytes / seconds / memory_);
  }
  void flops(const char* name, double flops, Precision precision, const std::function<void()>& op) {
    const double seconds = gpu_.seconds_of(op);
    const double limit = arithmetic_[static_cast<std::size_t>(precision)];
    print(name, seconds, flops / seconds / 1e12, flops / seconds / limit);
  }

 private:
  static void print(const char* name, double seconds, double rate, double share) {
    fmt::print("{:<28} {:>10.1f} {:>12.2f} {:>8.2f}\n", name, 1e6 * seconds, rate, share);
  }

  Gpu& gpu_;
  double memory_ = 0.0;
  std::vector<double> arithmetic_;  // by precision
};

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
  const Buffer x = gpu.normals({tokens, hidden}), rows = gpu.empty({slots, hidden}),
               out = gpu.empty({tokens, hidden}), weight = gpu.normals({tokens, k});
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
  }
  roofline.bytes("sum choices", static_cast<double>(slots + tokens) * row_bytes,
                 [&] { ops.sum_choices(rows, weight, slot, out, stream); });
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
  roofline.bytes("add", 3 * bytes, [&] { RuntimeOps::on(gpu.device()).add(a, c, gpu.stream()); });
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
