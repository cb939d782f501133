// What does a mixture-of-experts layer cost with 8, 64, 512, 4,096 experts, if a token always uses
// the same number of parameters?
//   mpirun -n 2 build/release/bench/growth_bench
// Runs forward, backward and update of one layer. Rank 0 reports nanoseconds per token (plan,
// permutes, exchange: they should not grow), per token x expert (the gate: it must grow), per
// (token, choice) row (the experts' products) and per parameter (zeroing gradients, AdamW).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <string>

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

// The minimum over all iterations, part by part: other load on the machine can only add time.
class MinSeconds {
 public:
  void add(const std::string& part, double seconds) {
    const auto [place, first] = seconds_.emplace(part, seconds);
    place->second = std::min(place->second, seconds);
  }
  double of(const std::string& part) const {
    const auto found = seconds_.find(part);
    return found == seconds_.end() ? 0.0 : found->second;
  }

 private:
  std::map<std::string, double> seconds_;
};

void report(benchmark::State& state, const GrowthBench& bench, const MinSeconds& min_seconds) {
  constexpr auto all = static_cast<double>(tokens);
  for (const std::string part : {"plan", "permute", "exchange"})
    state.counters[part + "/token"] = 1e9 * min_seconds.of(part) / all;
  state.counters["gate/token x expert"] =
      1e9 * min_seconds.of("gate") / all / static_cast<double>(state.range(0));
  state.counters["experts/row"] = 1e9 * min_seconds.of("experts") / (all * top_k);
  state.counters["update/parameter"] = 1e9 *
                                       (min_seconds.of("optimizer") + min_seconds.of("zero")) /
                                       static_cast<double>(bench.num_parameters());
}

void layer_of(benchmark::State& state, MpiSession& session) {
  GrowthBench bench(session, static_cast<int>(state.range(0)));
  MinSeconds min_seconds;
  bench.run(0);
  std::int64_t step = 1;
  for ([[maybe_unused]] auto _ : state) {
    bench.trace().clear();
    bench.run(step++);
    for (const auto& [part, seconds] : bench.trace().seconds())
      min_seconds.add(std::string(part), seconds);
  }
  report(state, bench, min_seconds);
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
