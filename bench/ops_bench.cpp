// How fast each op of model, experts and train runs on one thread: FLOP/s if arithmetic is the
// limit, bytes/s (each tensor counted once per read or write) if memory is. share_of_limit: the
// share of the rate of one large oneDNN product, or of the bytes that a copy of 256 MiB reads and
// writes. Both are measured when the program starts; data that fits a cache can exceed the second.
#include <benchmark/benchmark.h>

#include <vector>

#include "bench/limits.h"
#include "experts/ops.h"
#include "model/attention/rotary.h"
#include "model/ops.h"
#include "runtime/product/matmul.h"
#include "runtime/random.h"
#include "train/ops.h"

namespace switchyard {
namespace {

constexpr std::int64_t num_tokens = 2048;
constexpr std::int64_t hidden = 512;

Buffer normals(Shape shape) {
  static std::uint64_t seed = 0;
  const Random random(++seed, Purpose::init);
  Buffer result(shape, DType::f32);
  float* values = result.tensor().as<float>();
  for (std::int64_t i = 0; i < shape.size(); ++i) {
    values[i] = static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
  }
  return result;
}

Buffer counting(std::int64_t count, std::int64_t modulus) {
  Buffer result({count}, DType::i32);
  std::int32_t* values = result.tensor().as<std::int32_t>();
  for (std::int64_t i = 0; i < count; ++i) values[i] = static_cast<std::int32_t>(i % modulus);
  return result;
}

void set_share(benchmark::State& state, double work, double limit) {
  state.counters["share_of_limit"] =
      benchmark::Counter(work / limit, benchmark::Counter::kIsIterationInvariantRate);
}

void set_bytes(benchmark::State& state, std::int64_t bytes) {
  static const double limit = memory_limit();
  state.SetBytesProcessed(state.iterations() * bytes);
  set_share(state, static_cast<double>(bytes), limit);
}

void set_flops(benchmark::State& state, double flops) {
  static const double limit = matmul_limit();
  state.counters["FLOP/s"] = benchmark::Counter(
      flops, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
  set_share(state, flops, limit);
}

// The reference for the others: state.range(0) cubed.
void matmul_yardstick(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  Stream stream = Stream::cpu(1);
  const Buffer a = normals({n, n});
  const Buffer b = normals({n, n});
  const Buffer c = normals({n, n});
  for (auto _ : state) matmul(a, Op::plain, b, Op::plain, c, Write::replace, stream);
  set_flops(state, 2.0 * static_cast<double>(n * n * n));
}

// One expert's forward product, 256 rows, in each precision, all compared with the same reference.
void matmul_precision(benchmark::State& state) {
  const auto precision = static_cast<Precision>(state.range(0));
  Stream stream = Stream::cpu(1);
  const Buffer x = normals({256, 512}), weight = normals({1024, 512}), out = normals({256, 1024});
  for (auto _ : state) {
    matmul(x, Op::plain, weight, Op::transposed, out, Write::replace, stream, precision);
  }
  set_flops(state, 2.0 * 256 * 512 * 1024);
}

struct AttentionCase {
  explicit AttentionCase(const benchmark::State& state)
      : shape{2048 / state.range(0), state.range(0), 8, 4, state.range(1)},
        q(normals({num_tokens, 8, shape.head_dim})),
        k(normals({num_tokens, 4, shape.head_dim})),
        v(normals({num_tokens, 4, shape.head_dim})),
        out(q.tensor().shape, DType::f32),
        d_q(q.tensor().shape, DType::f32),
        d_k(k.tensor().shape, DType::f32),
        d_v(k.tensor().shape, DType::f32),
        log_sum({num_tokens, 8}, DType::f32),
        position(counting(num_tokens, shape.sequence)),
        scratch({ops.attention_scratch(shape, stream)}, DType::f32) {}

  // The cost of one product over the visible (query, key) pairs.
  double product_flops() const {
    const double length = static_cast<double>(shape.sequence);
    return 2.0 * static_cast<double>(shape.head_dim * shape.num_sequences * shape.num_heads) *
           length * (length + 1) / 2;
  }
  void forward() { ops.attention(tensors(), shape, scratch, stream); }
  void backward() {
    ops.attention_backward(tensors(), {out, d_q, d_k, d_v}, shape, scratch, stream);
  }
  AttentionTensors tensors() const { return {q, k, v, position, out, log_sum}; }

  Stream stream = Stream::cpu(1);
  ModelOps& ops = ModelOps::on(Device::cpu());
  AttentionShape shape;
  Buffer q, k, v, out, d_q, d_k, d_v, log_sum, position, scratch;
};

void attention(benchmark::State& state) {
  AttentionCase attention_case(state);
  for (auto _ : state) attention_case.forward();
  set_flops(state, 2.0 * attention_case.product_flops());
}

void attention_backward(benchmark::State& state) {
  AttentionCase attention_case(state);
  attention_case.forward();
  for (auto _ : state) attention_case.backward();
  set_flops(state, 5.0 * attention_case.product_flops());
}

void embed(benchmark::State& state) {
  const std::int64_t vocabulary = state.range(0);
  Stream stream = Stream::cpu(1);
  const Buffer token = counting(num_tokens, vocabulary);
  const Buffer table = normals({vocabulary, hidden});
  const Buffer out({num_tokens, hidden}, DType::f32);
  for (auto _ : state) ModelOps::on(Device::cpu()).embed(token, table, out, stream);
  set_bytes(state, 2 * out.tensor().bytes());
}

void embed_backward(benchmark::State& state) {
  const std::int64_t vocabulary = state.range(0);
  Stream stream = Stream::cpu(1);
  const Buffer token = counting(num_tokens, vocabulary);
  const Buffer d_out = normals({num_tokens, hidden});
  const Buffer d_table({vocabulary, hidden}, DType::f32);
  for (auto _ : state) ModelOps::on(Device::cpu()).embed_backward(token, d_out, d_table, stream);
  set_bytes(state, d_out.tensor().bytes() + d_table.tensor().bytes());
}

void rms_norm(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const std::int64_t rows = num_tokens * hidden / n;
  Stream stream = Stream::cpu(1);
  const Buffer x = normals({rows, n});
  const Buffer weight = normals({n});
  const Buffer out({rows, n}, DType::f32);
  const Buffer inverse({rows}, DType::f32);
  for (auto _ : state) {
    ModelOps::on(Device::cpu()).rms_norm(x, weight, 1e-6F, out, inverse, stream);
  }
  set_bytes(state, 2 * x.tensor().bytes());
}

void rms_norm_backward(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const std::int64_t rows = num_tokens * hidden / n;
  Stream stream = Stream::cpu(1);
  ModelOps& ops = ModelOps::on(Device::cpu());
  const Buffer x = normals({rows, n});
  const Buffer weight = normals({n});
  const Buffer d_out = normals({rows, n});
  const Buffer d_x({rows, n}, DType::f32);
  const Buffer d_weight({n}, DType::f32);
  const Buffer inverse({rows}, DType::f32);
  const Buffer scratch({ops.rms_norm_scratch(rows, n)}, DType::f32);
  for (auto _ : state) {
    ops.rms_norm_backward({x, weight, inverse, d_out, d_x, d_weight}, scratch, stream);
  }
  set_bytes(state, 3 * x.tensor().bytes());
}

void rotate(benchmark::State& state) {
  Stream stream = Stream::cpu(1);
  const Buffer x = normals({num_tokens, 8, 64});
  const Buffer position = counting(num_tokens, 512);
  const RotaryTable table(512, 64, 10000.0F);
  for (auto _ : state) ModelOps::on(Device::cpu()).rotate(x, position, table, 1, stream);
  set_bytes(state, 2 * x.tensor().bytes());
}

void rotary_table(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(RotaryTable(4096, 64, 10000.0F));
}

void cross_entropy(benchmark::State& state) {
  const std::int64_t vocabulary = state.range(0);
  const std::int64_t rows = 4'194'304 / vocabulary / row_tile * row_tile;
  Stream stream = Stream::cpu(1);
  const Buffer logits = normals({rows, vocabulary});
  const Buffer target = counting(rows, vocabulary);
  const Buffer loss({rows}, DType::f32);
  for (auto _ : state) {
    ModelOps::on(Device::cpu()).cross_entropy(logits, target, 1.0F, loss, stream);
  }
  set_bytes(state, 2 * logits.tensor().bytes());
}

void token_scores(benchmark::State& state) {
  const std::int64_t vocabulary = state.range(0);
  const std::int64_t rows = 4'194'304 / vocabulary / row_tile * row_tile;
  Stream stream = Stream::cpu(1);
  const Buffer logits = normals({rows, vocabulary}), target = counting(rows, vocabulary);
  const Buffer loss({rows}, DType::f32), best({rows}, DType::i32), probability({rows}, DType::f32),
      entropy({rows}, DType::f32), log_sum({rows}, DType::f32);
  for (auto _ : state) {
    ModelOps::on(Device::cpu())
        .token_scores(logits, target, {loss, best, probability, entropy, log_sum}, stream);
  }
  set_bytes(state, logits.tensor().bytes());
}

void swiglu(benchmark::State& state) {
  Stream stream = Stream::cpu(1);
  const Buffer gate = normals({num_tokens, hidden});
  const Buffer up = normals({num_tokens, hidden});
  const Buffer out({num_tokens, hidden}, DType::f32);
  for (auto _ : state) ExpertOps::on(Device::cpu()).swiglu(gate, up, out, stream);
  set_bytes(state, 3 * gate.tensor().bytes());
}

void swiglu_backward(benchmark::State& state) {
  Stream stream = Stream::cpu(1);
  const Buffer gate = normals({num_tokens, hidden});
  const Buffer up = normals({num_tokens, hidden});
  const Buffer d_out = normals({num_tokens, hidden});
  const Buffer d_gate({num_tokens, hidden}, DType::f32);
  const Buffer d_up({num_tokens, hidden}, DType::f32);
  for (auto _ : state) {
    ExpertOps::on(Device::cpu()).swiglu_backward(gate, up, d_out, d_gate, d_up, stream);
  }
  set_bytes(state, 5 * gate.tensor().bytes());
}

void adamw(benchmark::State& state) {
  Stream stream = Stream::cpu(1);
  const Shape shape = {16 * 1024 * 1024};
  const Buffer gradient = normals(shape);
  const Buffer value = normals(shape);
  const Buffer first(shape, DType::f32);
  const Buffer second(shape, DType::f32);
  for (auto _ : state) {
    TrainOps::on(Device::cpu()).adamw({{gradient, {}, value, first, second}}, stream);
  }
  set_bytes(state, 7 * gradient.tensor().bytes());
}

void sum_squares(benchmark::State& state) {
  Stream stream = Stream::cpu(1);
  const Buffer x = normals({16 * 1024 * 1024});
  const Buffer out({4096}, DType::f64);
  for (auto _ : state) TrainOps::on(Device::cpu()).sum_squares(x, 1.0, out, stream);
  set_bytes(state, x.tensor().bytes());
}

void hash(benchmark::State& state) {  // the hash by which ranks compare their copies of the values
  Stream stream = Stream::cpu(1);
  const Buffer x = normals({16 * 1024 * 1024});
  const Buffer out({4096}, DType::i64);
  for (auto _ : state) TrainOps::on(Device::cpu()).hash_blocks(x, out, stream);
  set_bytes(state, x.tensor().bytes());
}

BENCHMARK(matmul_yardstick)->Arg(512)->Arg(1024);
BENCHMARK(matmul_precision)->ArgName("precision")->DenseRange(0, 2);
BENCHMARK(attention)->ArgNames({"S", "D"})->Args({512, 64})->Args({2048, 64})->Args({512, 128});
BENCHMARK(attention_backward)
    ->ArgNames({"S", "D"})
    ->Args({512, 64})
    ->Args({2048, 64})
    ->Args({512, 128});
BENCHMARK(embed)->ArgName("V")->Arg(32768);
BENCHMARK(embed_backward)->ArgName("V")->Arg(512)->Arg(32768);
BENCHMARK(rms_norm)->ArgName("n")->Arg(64)->Arg(512);
BENCHMARK(rms_norm_backward)->ArgName("n")->Arg(64)->Arg(512);
BENCHMARK(rotate);
BENCHMARK(rotary_table);
BENCHMARK(cross_entropy)->ArgName("V")->Arg(512)->Arg(32768);
BENCHMARK(token_scores)->ArgName("V")->Arg(512)->Arg(32768);
BENCHMARK(swiglu);
BENCHMARK(swiglu_backward);
BENCHMARK(adamw);
BENCHMARK(sum_squares);
BENCHMARK(hash);

}  // namespace
}  // namespace switchyard

BENCHMARK_MAIN();
