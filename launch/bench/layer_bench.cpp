#include "launch/bench/layer_bench.h"

#include <algorithm>

#include "launch/bench/exchange_bench.h"
#include "launch/bench/routing_times.h"
#include "model/blocks/moe_layer.h"
#include "router/exchange/exchange_choice.h"
#include "router/math.h"
#include "runtime/device/host_access.h"
#include "runtime/device/trace.h"
#include "runtime/random.h"
#include "train/step/trainer.h"

namespace switchyard::bench {
namespace {

constexpr int layer_warm_up = 2;

// Forward and backward each send rows out and bring rows home.
constexpr Legs layer_legs{2, 2};

// One layer whose router scores a token by its first `experts` elements.
class LayerTestBed {
 public:
  LayerTestBed(const RoutingCase& what, const RoutingSweep& sweep, Comm& world, Stream& stream)
      : what_(what),
        stream_(stream),
        mesh_(make_mesh(world.split(0, world.rank()), world.size())),
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

  Comm& experts() { return *mesh_.experts; }
  const Plan& plan() const { return saved_.prepared->plan; }
  std::int64_t tokens() const { return x_.rows(); }
  std::string exchange_name() const { return exchange_.exchange->name(); }

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

// A made-up micro-batch of one rank.
struct StepTokens {
  std::vector<std::int32_t> tokens, positions;
  Batch batch;

  StepTokens(std::int64_t count, int rank) {
    const Random random(1, Purpose::data_order, static_cast<std::uint64_t>(rank));
    for (std::int64_t i = 0; i < count; ++i) {
      tokens.push_back(static_cast<std::int32_t>(random.uniform(static_cast<std::uint64_t>(i)) *
                                                 step_vocabulary));
      positions.push_back(static_cast<std::int32_t>(i));
    }
    batch = {rank,
             1,
             count,
             tensor_of(tokens.data(), {count}),
             tensor_of(tokens.data(), {count}),
             tensor_of(positions.data(), {count})};
  }
};

}  // namespace

ModelConfig bench_model(const RoutingCase& what, const RoutingSweep& sweep) {
  ModelConfig model;
  model.hidden = what.hidden;
  model.num_layers = 2;
  model.head_dim = 64;
  model.num_heads = model.num_kv_heads =
      static_cast<int>(std::max<std::int64_t>(1, what.hidden / 64));
  model.num_experts = what.experts;
  model.expert_hidden = sweep.expert_hidden;
  return model;
}

RoutingResult measure_layer(const RoutingCase& what, const RoutingSweep& sweep, Comm& world,
                            Stream& stream) {
  LayerTestBed bed(what, sweep, world, stream);
  Trace trace;
  stream.set_trace(&trace);
  const Topology topology = make_topology(world, sweep.ranks_per_node);
  const Draw draw = draw_of(what, sweep, world);
  const Payload payload = what.payload;
  RoutingResult result = result_of(what, topology, world);

  const DrawnRouting first = draw(world.rank(), 0);
  bed.make(first);
  bed.run();
  result.wrong = reduce_one(world, bed.wrong_choices(first), Reduce::sum);
  result.tokens = reduce_one(world, bed.tokens(), Reduce::sum);
  count_traffic(bed.plan(), layer_legs, bed.exchange_name(), payload, what.hidden, topology, world,
                stream, result);
  measure_baselines(bed.plan(), layer_legs, payload_row_bytes(payload, what.hidden),
                    sweep.iterations, world, stream, result);
  std::vector<double> travel;
  const RankTimes times = time_on_ranks(
      world, layer_warm_up, sweep.iterations,
      [&](int i) {
        bed.make(draw(world.rank(), i));
        trace.clear();
      },
      [&](int) {
        bed.run();
        travel.push_back(travel_in(trace));
      });
  take_times(times, travel, layer_warm_up, world, result);
  stream.set_trace(nullptr);
  return result;
}

RoutingResult measure_step(const RoutingCase& what, const RoutingSweep& sweep, Comm& world,
                           Stream& stream) {
  Mesh mesh = make_mesh(world.split(0, world.rank()), largest_divisor(world.size(), what.experts));
  const ModelConfig config = bench_model(what, sweep);
  Transformer model(config, router_config(what, sweep),
                    {.vocabulary = step_vocabulary,
                     .sequence_length = what.tokens,
                     .exact = true,
                     .step_tokens = what.tokens * world.size(),
                     .num_micro_batches = world.size(),
                     .device = stream.device()},
                    mesh);
  Trainer trainer(model, mesh, {}, stream);
  trainer.initialize();
  const StepTokens tokens(what.tokens, world.rank());
  const Topology topology = make_topology(world, sweep.ranks_per_node);
  RoutingResult result = result_of(what, topology, world);
  result.tokens = what.tokens * world.size();
  result.logical_bytes = result.tokens * what.top_k * what.hidden * 4 * config.num_layers *
                         (layer_legs.dispatches + layer_legs.combines);
  const RankTimes times = time_on_ranks(
      world, layer_warm_up, sweep.iterations, [](int) {},
      [&](int i) {
        trainer.step(i, {result.tokens, std::span(&tokens.batch, 1)});
        stream.synchronize();
      });
  take_times(times, {}, layer_warm_up, world, result);
  return result;
}

}  // namespace switchyard::bench
