#include "launch/bench/layer_bench.h"

#include <algorithm>

#include "launch/bench/exchange_bed.h"
#include "launch/bench/exchange_bench.h"
#include "launch/bench/figures/bench_model.h"
#include "launch/bench/routing_times.h"
#include "launch/bench/traffic_counter.h"
#include "model/blocks/moe_layer.h"
#include "router/exchange/exchange_choice.h"
#include "router/math.h"
#include "runtime/device/host_access.h"
#include "runtime/device/trace.h"

namespace switchyard::bench {
namespace {

// One layer whose router scores a token by its first `experts` elements.
class LayerTestBed {
 public:
  LayerTestBed(const RoutingCase& what, const RoutingSweep& sweep, BenchRanks& ranks,
               Stream& stream)
      : what_(what),
        stream_(stream),
        mesh_(make_mesh(ranks.world.split(0, ranks.world.rank()), ranks.experts->size())),
        arena_(stream.device()),
        scratch_(stream.device()),
        exchange_(make_exchange(router_config(what, sweep),
                                {what.hidden, what.experts, what.tokens, stream.device()},
                                *mesh_.experts, stream)),
        layer_(params_, "layer", bench_model(what, sweep), router_config(what, sweep), mesh_,
               *exchange_.exchange) {
    layer_.host_experts(params_);
    params_.allocate({.exact = false, .device = stream.device()});
    params_.initialize(1);
    HostWrite router(params_.value(params_.find("layer.router")), stream);
    std::fill_n(router.as<float>(), router.tensor().size(), 0.0F);
    for (std::int64_t e = 0; e < what.experts; ++e) router.as<float>()[e * what.hidden + e] = 1.0F;
    router.send();
  }

  // Makes tokens that the gate sends where `drawn` says, best choice first, dropped ones included.
  void make(const DrawnRouting& drawn) {
    arena_.reset();
    scratch_.reset();
    params_.zero_gradients(stream_);
    x_ = arena_.take({drawn.tokens(), what_.hidden});
    out_ = arena_.take(x_.shape);
    d_x_ = arena_.take(x_.shape);
    HostWrite x(x_, stream_);
    std::fill_n(x.as<float>(), x_.size(), 0.0F);
    for (std::size_t pair = 0; pair < drawn.expert.size(); ++pair) {
      const auto token = static_cast<std::int64_t>(pair) / what_.top_k;
      x.as<float>()[token * what_.hidden + expert_of(drawn.expert[pair])] =
          static_cast<float>(what_.top_k - static_cast<std::int64_t>(pair) % what_.top_k);
    }
    x.send();
    stream_.synchronize();
  }

  void run() {
    Batch batch;
    batch.index = 0;
    batch.num_sequences = 1;
    batch.sequence_length = x_.rows();
    const LayerContext context{params_, batch, {arena_, arena_, scratch_}, stream_};
    layer_.forward(context, x_, saved_, out_, Pass::first);
    layer_.backward(context, x_, saved_, out_, 1.0, d_x_);
    stream_.synchronize();
  }

  std::int64_t wrong_choices(const DrawnRouting& drawn) const {
    std::int64_t wrong = 0;
    const HostRead expert(saved_.routing.expert, stream_);
    const auto* chosen = expert.as<std::int32_t>();
    for (std::size_t i = 0; i < drawn.expert.size(); ++i)
      wrong += chosen[i] != expert_of(drawn.expert[i]);
    return wrong;
  }

  const Plan& plan() const { return saved_.prepared->plan; }
  Exchange& exchange() { return *exchange_.exchange; }

 private:
  RoutingCase what_;
  Stream& stream_;
  Mesh mesh_;
  Params params_;
  Arena arena_, scratch_;
  ChosenExchange exchange_;
  MoeLayer layer_;
  MoeLayer::Saved saved_;
  Tensor x_, out_, d_x_;
};

}  // namespace

RoutingResult measure_layer(const RoutingCase& what, const RoutingSweep& sweep, int repeat,
                            BenchRanks& ranks, Stream& stream) {
  LayerTestBed bed(what, sweep, ranks, stream);
  const Draw draw = draw_of(what, sweep, ranks, ranks.experts->size());
  const std::int64_t first = std::int64_t{repeat} * sweep.iterations;
  RoutingResult result = result_of(what, ranks);
  result.exchange = bed.exchange().name();
  DrawnRouting drawn = draw(ranks.experts->rank(), first);
  bed.make(drawn);
  bed.run();
  measure_baselines(bed.plan(), what, sweep, ranks, stream, result);
  std::int64_t wrong = 0;
  TrafficCounter traffic(result.exchange, what, ranks);
  Trace trace;
  stream.set_trace(&trace);
  const std::vector<Lap> laps = run_laps(ranks.world, sweep.warm_up, sweep.iterations, &trace,
                                         {.setup =
                                              [&](int i) {
                                                drawn = draw(ranks.experts->rank(), first + i);
                                                bed.make(drawn);
                                              },
                                          .work = [&](int) { bed.run(); },
                                          .after =
                                              [&](int) {
                                                traffic.count(bed.plan(), stream);
                                                wrong += bed.wrong_choices(drawn);
                                              }});
  stream.set_trace(nullptr);
  add_laps(laps, result);
  traffic.give(result);
  result.wrong =
      reduce_one(ranks.world, wrong, Reduce::sum) +
      wrong_in_round_trip(what, draw, first + sweep.iterations - 1, bed.exchange(), ranks, stream);
  return result;
}

}  // namespace switchyard::bench
