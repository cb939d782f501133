// How close do the products of runtime/product/matmul.h come to the best rate of the library,
// BM_Ceiling, and to one library call of the same shape? Compare GFLOP/s (per CPU time) only within
// one run.
#include <benchmark/benchmark.h>

#include <vector>

#include "runtime/exact_sum.h"
#include "runtime/product/matmul.h"
#include "runtime/product/matmul_library.h"
#include "runtime/random.h"

namespace switchyard {
namespace {

constexpr std::int64_t hidden = 512, intermediate = 1024;

Buffer random_buffer(std::int64_t size) {
  Buffer buffer({size}, DType::f32);
  const Random random(1, Purpose::init);
  for (std::int64_t i = 0; i < size; ++i) {
    buffer.tensor().as<float>()[i] = static_cast<float>(random.uniform(i) - 0.5);
  }
  return buffer;
}

struct Operands {
  explicit Operands(const MatmulShape& shape)
      : a(random_buffer(shape.m * shape.k)),
        b(random_buffer(shape.k * shape.n)),
        out({shape.m, shape.n}, DType::f32),
        a_view(a.tensor().view(shape.op_a == Op::plain ? Shape{shape.m, shape.k}
                                                       : Shape{shape.k, shape.m})),
        b_view(b.tensor().view(shape.op_b == Op::plain ? Shape{shape.k, shape.n}
                                                       : Shape{shape.n, shape.k})) {}
  Buffer a, b, out;
  Tensor a_view, b_view;
};

void report(benchmark::State& state, const MatmulShape& shape) {
  state.counters["GFLOP/s"] =
      benchmark::Counter(2e-9 * static_cast<double>(shape.m * shape.n * shape.k),
                         benchmark::Counter::kIsIterationInvariantRate);
}

// The product as the model calls it.
void run_matmul(benchmark::State& state, const MatmulShape& shape, Write write, Stream& stream) {
  const Operands operands(shape);
  for (auto _ : state) {
    matmul(operands.a_view, shape.op_a, operands.b_view, shape.op_b, operands.out, write, stream);
  }
  report(state, shape);
}

// The same product as one call of the library.
void run_library(benchmark::State& state, const MatmulShape& shape, Write write) {
  const Operands operands(shape);
  MatmulLibrary library;
  for (auto _ : state) {
    library.run(shape, write, {operands.a.tensor().as<float>(), operands.a_view.cols()},
                {operands.b.tensor().as<float>(), operands.b_view.cols()},
                operands.out.tensor().as<float>());
  }
  report(state, shape);
}

MatmulShape forward(std::int64_t rows) {
  return {rows, intermediate, hidden, Op::plain, Op::plain};
}
MatmulShape input_gradient(std::int64_t rows) {
  return {rows, hidden, intermediate, Op::plain, Op::transposed};
}
MatmulShape weight_gradient(std::int64_t rows) {
  return {intermediate, hidden, rows, Op::transposed, Op::plain};
}

void BM_Ceiling(benchmark::State& state) {
  run_library(state, {1024, 1024, 1024, Op::plain, Op::plain}, Write::replace);
}
BENCHMARK(BM_Ceiling);

template <MatmulShape (*shape)(std::int64_t), Write write>
void BM_Matmul(benchmark::State& state) {
  Stream stream = Stream::cpu(1);
  run_matmul(state, shape(state.range(0)), write, stream);
}

template <MatmulShape (*shape)(std::int64_t), Write write>
void BM_OneLibraryCall(benchmark::State& state) {
  run_library(state, shape(state.range(0)), write);
}

template <MatmulShape (*shape)(std::int64_t)>
void BM_Fallback(benchmark::State& state) {
  Stream stream = Stream::cpu(1);
  matmul_library(stream).use_fallback();
  run_matmul(state, shape(state.range(0)), Write::replace, stream);
}

// Row counts from one expert's segment to a whole micro-batch.
void segments(benchmark::internal::Benchmark* bench) {
  bench->ArgName("rows")->Arg(16)->Arg(64)->Arg(128)->Arg(256)->Arg(2048);
}

BENCHMARK(BM_Matmul<forward, Write::replace>)->Apply(segments);
BENCHMARK(BM_OneLibraryCall<forward, Write::replace>)->Apply(segments);
BENCHMARK(BM_Matmul<input_gradient, Write::replace>)->Apply(segments);
BENCHMARK(BM_OneLibraryCall<input_gradient, Write::replace>)->Apply(segments);
BENCHMARK(BM_Matmul<weight_gradient, Write::replace>)->Apply(segments);
BENCHMARK(BM_OneLibraryCall<weight_gradient, Write::replace>)->Apply(segments);
BENCHMARK(BM_Matmul<weight_gradient, Write::add>)->Apply(segments);
BENCHMARK(BM_Fallback<forward>)->Arg(256);
BENCHMARK(BM_Fallback<input_gradient>)->Arg(256);
BENCHMARK(BM_Fallback<weight_gradient>)->Arg(256);

// Experts with few rows each, one after the other, as a shard computes them: forward, input
// gradient and weight gradient of one matrix [inner, hidden] per expert. The ratio compares them
// with one call of the library per product, with the same rows.
enum class By { matmul, library, own };

template <By by>
void BM_Experts(benchmark::State& state) {
  const std::int64_t rows = state.range(0), inner = state.range(1), width = state.range(2);
  const std::int64_t experts = (std::int64_t{1} << 24) / (inner * width);  // 64 MiB of weights
  static const Buffer weights = random_buffer(std::int64_t{1} << 24);      // shared by all cases
  const Buffer x = random_buffer(rows * width), d_y = random_buffer(rows * inner),
               y({rows, inner}, DType::f32), d_x({rows, width}, DType::f32),
               gradient({inner, width}, DType::f32);
  Stream stream = Stream::cpu(1);
  if (by == By::own) matmul_library(stream).use_fallback();
  const auto multiply = [&](const MatmulShape& shape, Tensor a, Tensor b, Tensor out) {
    if (by == By::matmul) {
      matmul(a, shape.op_a, b, shape.op_b, out, Write::replace, stream);
    } else {
      matmul_library(stream).run(shape, Write::replace, {a.as<float>(), a.cols()},
                                 {b.as<float>(), b.cols()}, out.as<float>());
    }
  };
  const Tensor in = x.tensor().view({rows, width}), d_out = d_y.tensor().view({rows, inner});
  for (auto _ : state) {
    for (std::int64_t e = 0; e < experts; ++e) {
      const Tensor weight =
          weights.tensor().range(e * inner * width, (e + 1) * inner * width).view({inner, width});
      multiply({rows, inner, width, Op::plain, Op::transposed}, in, weight, y);
      multiply({rows, width, inner, Op::plain, Op::plain}, d_out, weight, d_x);
      multiply({inner, width, rows, Op::transposed, Op::plain}, d_out, in, gradient);
    }
  }
  report(state, {3 * rows, experts * inner, width, Op::plain, Op::plain});
}

void few_rows(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"rows", "inner", "hidden"})
      ->ArgsProduct({{4, 8, 13, 16, 24, 32, 48, 64, 512}, {32}, {256}})
      ->ArgsProduct({{8, 32, 64, 512}, {128}, {1024}})
      ->ArgsProduct({{8, 32, 64, 512}, {256, 1024}, {512}});
}
BENCHMARK(BM_Experts<By::matmul>)->Apply(few_rows);
BENCHMARK(BM_Experts<By::library>)->Apply(few_rows);
BENCHMARK(BM_Experts<By::own>)->Apply(few_rows);

// The work that exact mode adds to each weight gradient.
void BM_AddFixed(benchmark::State& state) {
  const Buffer x = random_buffer(state.range(0));
  std::vector<std::int64_t> sum(static_cast<std::size_t>(state.range(0)));
  const FixedPoint format = fixed_point_for(8192, 64);
  for (auto _ : state) {
    benchmark::DoNotOptimize(add_fixed(sum, {x.tensor().as<float>(), sum.size()}, format));
  }
  state.counters["ns/element"] = benchmark::Counter(
      1e-9 * static_cast<double>(state.range(0)),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_AddFixed)->ArgName("elements")->Arg(1 << 14)->Arg(hidden* intermediate)->Arg(1 << 24);

}  // namespace
}  // namespace switchyard

BENCHMARK_MAIN();
