// What does a mixture-of-experts layer cost with 8, 64, 512, 4,096 experts, if a token always uses
// the same number of parameters?
//   mpirun -n 2 build/release/bench/growth_bench
// Runs forward, backward and update of one layer. Rank 0 reports nanoseconds: of the whole step per
// token of this rank, per expert and per parameter that it hosts; of its parts per token (plan,
// permutes, exchange: they should not grow), per token x expert (the gate: it must grow), per
// (token, choice) row (the experts' products) and per parameter (zeroing gradients, AdamW). Each is
// a median of the iterations. GiB: the most memory that the rank has had.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "bench/rank_benchmarks.h"
#include "model/blocks/moe_layer.h"
#include "router/exchange/exchange_choice.h"
#include "runtime/comm/mpi_comm.h"
#include "runtime/device/trace.h"
#include "runtime/random.h"
#include "train/step/optimizer.h"

namespace switchyard {
namespace {

constexpr std::int64_t hidden = 256, inner = 32, tokens = 8192;
constexpr int top_k = 4;

class GrowthBench {
 public:
  GrowthBench(MpiSession& session, int num_experts)
      : stream_(Stream::cpu(1)),
        mesh_(make_mesh(session.world(), session.world()->size())),
        exchange_(make_exchange({.top_k = top_k}, {hidden, num_experts, tokens}, *mesh_.experts,
                                stream_)),
        layer_(params_, "layer",
               {.hidden = hidden,
                .dense_layers = {},
                .num_experts = num_experts,
                .expert_hidden = inner},
               {.top_k = top_k}, mesh_, *exchange_.exchange),
        optimizer_({}) {
    layer_.host_experts(params_);
    params_.allocate({.format = fixed_point_for(tokens, mesh_.world->size())});
    params_.initialize(1);
    const Random random(1, Purpose::data_order, static_cast<std::uint64_t>(mesh_.world->rank()));
    for (std::int64_t i = 0; i < x_.tensor().size(); ++i)
      x_.tensor().as<float>()[i] = static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
    stream_.set_trace(&trace_);
  }

  void run(std::int64_t step) {
    arena_.reset();
    scratch_.reset();
    Batch batch;
    batch.index = mesh_.world->rank();
    batch.num_sequences = 1;
    batch.sequence_length = tokens;
    const Tensor out = arena_.take({tokens, hidden}), d_x = arena_.take({tokens, hidden});
    const LayerContext context{params_, batch, {arena_, arena_, scratch_}, stream_};
    layer_.forward(context, x_, saved_, out, Pass::first);
    scratch_.reset();
    layer_.backward(context, x_, saved_, out, 1.0 / tokens, d_x);
    optimizer_.update(params_, step, 1e-3, 1.0, stream_);
    const Span span(stream_, "zero");
    params_.zero_gradients(stream_);
  }

  Trace& trace() { return trace_; }
  std::int64_t num_parameters() const { return params_.num_elements(); }

 private:
  Stream stream_;
  Trace trace_;
  Mesh mesh_;
  Params params_;
  ChosenExchange exchange_;
  MoeLayer layer_;
  Optimizer optimizer_;
  MoeLayer::Saved saved_;
  Arena arena_, scratch_;
  Buffer x_{Shape{tokens, hidden}, DType::f32};
};

// The seconds of each part, iteration by iteration.
class PartSeconds {
 public:
  void add(const std::string& part, double seconds) { seconds_[part].push_back(seconds); }
  double median(const std::string& part) const {
    const auto found = seconds_.find(part);
    if (found == seconds_.end()) return 0.0;
    std::vector<double> sorted = found->second;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }

 private:
  std::map<std::string, std::vector<double>> seconds_;
};

// The most memory that this process has had. Experts grow from run to run, so it is the last one's.
double peak_gibibytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1 << 20);
}

void report(benchmark::State& state, const GrowthBench& bench, const PartSeconds& seconds) {
  constexpr auto all = static_cast<double>(tokens);
  const auto experts = static_cast<double>(state.range(0));
  const auto parameters = static_cast<double>(bench.num_parameters());
  const double step = seconds.median("step");
  const double update = seconds.median("optimizer") + seconds.median("zero");
  state.counters["step/token"] = 1e9 * step / all;
  state.counters["step/expert"] = 1e9 * step / experts;
  state.counters["step/parameter"] = 1e9 * step / parameters;
  for (const std::string part : {"plan", "permute", "exchange"})
    state.counters[part + "/token"] = 1e9 * seconds.median(part) / all;
  state.counters["gate/token x expert"] = 1e9 * seconds.median("gate") / all / experts;
  state.counters["experts/row"] = 1e9 * seconds.median("experts") / (all * top_k);
  state.counters["update/parameter"] = 1e9 * update / parameters;
  state.counters["GiB"] = peak_gibibytes();
}

void layer_of(benchmark::State& state, MpiSession& session) {
  GrowthBench bench(session, static_cast<int>(state.range(0)));
  PartSeconds seconds;
  bench.run(0);
  std::int64_t step = 1;
  for ([[maybe_unused]] auto _ : state) {
    bench.trace().clear();
    const auto start = std::chrono::steady_clock::now();
    bench.run(step++);
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    seconds.add("step", spent.count());
    for (const auto& [part, of_part] : bench.trace().seconds())
      seconds.add(std::string(part), of_part);
  }
  report(state, bench, seconds);
}

}  // namespace
}  // namespace switchyard

int main(int argc, char** argv) {
  using namespace switchyard;
  MpiSession session(&argc, &argv);
  benchmark::Initialize(&argc, argv);
  for (const int experts : {8, 64, 512, 4096}) {
    benchmark::RegisterBenchmark("layer",
                                 [&](benchmark::State& state) { layer_of(state, session); })
        ->Arg(experts)
        ->Iterations(5)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
  run_benchmarks(session.world()->rank() == 0);
}
