// What share of the machine's rate of matrix products does a training step reach, and where does
// the rest of its time go?
//   mpirun -n 2 build/release/bench/step_bench [--layers=8] [--steps=6] [--gate=hash] [--threads=1]
// --benchmark_filter=step/fast/bf16 picks one of step/{exact,fast}/{f32,bf16,int8}. int8 computes
// all three products of linear layers in int8. Rank 0 reports tokens/s and GFLOP/s of all ranks,
// their share of the rate that plain oneDNN products reach on the same ranks at the same time, and
// the seconds of each part of a step.
#include <benchmark/benchmark.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <dnnl.hpp>
#include <string>
#include <string_view>

#include "bench/rank_benchmarks.h"
#include "model/transformer/flops.h"
#include "runtime/comm/mpi_comm.h"
#include "runtime/device/trace.h"
#include "runtime/product/dnnl_matmul.h"
#include "runtime/random.h"
#include "train/step/trainer.h"

namespace switchyard {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// GFLOP/s of oneDNN calls [1024, 1024] x [1024, 1024], summed over the ranks of `world`, which all
// compute at the same time, each on `threads` threads.
double matmul_rate(Comm& world, int threads) {
  constexpr std::int64_t size = 1024;
  omp_set_num_threads(threads);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const dnnl::memory::desc square({size, size}, dnnl::memory::data_type::f32,
                                  dnnl::memory::format_tag::ab);
  const dnnl::matmul product(describe_matmul(engine, square, square, square, {}));
  dnnl::memory a(square, engine), b(square, engine), out(square, engine);
  std::fill_n(static_cast<float*>(a.get_data_handle()), size * size, 1.0F);
  std::fill_n(static_cast<float*>(b.get_data_handle()), size * size, 1.0F);
  double best = 0.0;
  for (int round = 0; round < 5; ++round) {
    world.barrier();
    const auto start = Clock::now();
    for (int i = 0; i < 10; ++i) {
      product.execute(stream, {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, out}});
    }
    stream.wait();
    best = std::max(best, 10 * 2e-9 * size * size * size / seconds_since(start));
  }
  return reduce_one(world, best, Reduce::sum);
}

// The model of docs/benchmarks.md: d = 512, 8 layers, 8 experts, top-2, expert width 1,024,
// sequence 512.
ModelConfig bench_model(int layers) {
  return {.hidden = 512,
          .num_layers = layers,
          .num_heads = 8,
          .num_kv_heads = 8,
          .head_dim = 64,
          .dense_layers = {},
          .num_experts = 8,
          .expert_hidden = 1024};
}

constexpr std::int64_t vocabulary = 4096, sequence = 512, sequences_per_thread = 4;

struct BenchCase {
  bool exact;
  const char* precision;
  int layers;
  GateKind gate;  // hash: every expert gets the same number of rows
  int steps;      // the same on every rank, whatever its clock says
  int threads;    // of each rank; a rank computes four sequences per thread

  TrainConfig train() const {
    TrainConfig config{.exact = exact};
    const bool int8 = std::string_view(precision) == "int8";
    if (!int8) config.precision = value_named<FloatFormat>(precision).value();
    config.int8_forward = config.int8_input_gradient = config.int8_weight_gradient = int8;
    return config;
  }
};

class StepBench {
 public:
  StepBench(MpiSession& session, const BenchCase& chosen)
      : num_sequences_(sequences_per_thread * chosen.threads),
        stream_(Stream::cpu(chosen.threads)),
        mesh_(make_mesh(session.world(), session.world()->size())),
        model_(bench_model(chosen.layers), RouterConfig{.gate = chosen.gate},
               {.vocabulary = vocabulary,
                .sequence_length = sequence,
                .exact = chosen.exact,
                .step_tokens = tokens_per_step(),
                .num_micro_batches = mesh_.world->size(),
                .precision = product_precision(chosen.train())},
               mesh_),
        trainer_(model_, mesh_, chosen.train(), stream_) {
    const Random random(1, Purpose::data_order, static_cast<std::uint64_t>(mesh_.world->rank()));
    const std::int64_t count = sequence * num_sequences_;
    for (std::int64_t i = 0; i < count; ++i) {
      tokens_.push_back(
          static_cast<std::int32_t>(random.uniform(static_cast<std::uint64_t>(i)) * vocabulary));
      positions_.push_back(static_cast<std::int32_t>(i % sequence));
    }
    batch_ = {mesh_.world->rank(),
              num_sequences_,
              sequence,
              tensor_of(tokens_.data(), {count}),
              tensor_of(tokens_.data(), {count}),
              tensor_of(positions_.data(), {count})};
    trainer_.initialize();
    stream_.set_trace(&trace_);
  }

  std::int64_t tokens_per_step() const { return sequence * num_sequences_ * mesh_.world->size(); }

  void step(std::int64_t number) {
    trainer_.step(number, {tokens_per_step(), std::span(&batch_, 1)});
  }

  Trace& trace() { return trace_; }
  Comm& world() { return *mesh_.world; }

 private:
  std::int64_t num_sequences_;
  Stream stream_;
  Mesh mesh_;
  Transformer model_;
  Trainer trainer_;
  Trace trace_;
  std::vector<std::int32_t> tokens_, positions_;
  Batch batch_;
};

void bench_step(benchmark::State& state, MpiSession& session, const BenchCase& chosen) {
  StepBench bench(session, chosen);
  const int num_steps = chosen.steps;
  bench.step(0);
  bench.step(1);
  const double ceiling = matmul_rate(bench.world(), chosen.threads);
  bench.trace().clear();
  double total = 0.0;
  std::int64_t number = 2;
  for (auto _ : state) {
    bench.world().barrier();
    const auto start = Clock::now();
    bench.step(number++);
    state.SetIterationTime(seconds_since(start));
    total += seconds_since(start);
  }
  const double seconds = total / num_steps;
  const double gflops =
      3e-9 * forward_flops_per_token(bench_model(chosen.layers), 2, vocabulary, sequence) *
      static_cast<double>(bench.tokens_per_step()) / seconds;
  state.counters["tokens_per_s"] = static_cast<double>(bench.tokens_per_step()) / seconds;
  state.counters["GFLOP_per_s"] = gflops;
  state.counters["share_of_matmul"] = gflops / ceiling;
  double other = seconds;
  for (const auto& [part, spent] : bench.trace().seconds()) {
    state.counters["s_" + std::string(part)] = spent / num_steps;
    other -= spent / num_steps;
  }
  state.counters["s_other"] = other;
}

std::string option_of(int argc, char** argv, std::string_view name, const char* otherwise) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]).starts_with(name)) return argv[i] + name.size();
  }
  return otherwise;
}

}  // namespace
}  // namespace switchyard

int main(int argc, char** argv) {
  using namespace switchyard;
  MpiSession session(&argc, &argv);
  benchmark::Initialize(&argc, argv);
  const int layers = std::stoi(option_of(argc, argv, "--layers=", "8")),
            steps = std::stoi(option_of(argc, argv, "--steps=", "6")),
            threads = std::stoi(option_of(argc, argv, "--threads=", "1"));
  const std::string name = option_of(argc, argv, "--gate=", "softmax_topk");
  const auto gate = value_named<GateKind>(name);
  require(gate.has_value(), Exit::usage, "--gate={}: there is no such gate", name);
  for (const bool exact : {true, false}) {
    for (const char* precision : {"f32", "bf16", "int8"}) {
      const BenchCase chosen{exact, precision, layers, *gate, steps, threads};
      benchmark::RegisterBenchmark(
          fmt::format("step/{}/{}", exact ? "exact" : "fast", precision).c_str(),
          [&session, chosen](benchmark::State& state) { bench_step(state, session, chosen); })
          ->Iterations(steps)
          ->UseManualTime()
          ->MeasureProcessCPUTime()
          ->Unit(benchmark::kMillisecond);
    }
  }
  run_benchmarks(session.world()->rank() == 0);
}
