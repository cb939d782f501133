#include "launch/bench/exchange_bench.h"

#include <algorithm>
#include <cstring>

#include "launch/bench/routing_times.h"
#include "router/exchange_oracle.h"
#include "runtime/trace.h"

namespace switchyard {
namespace {

constexpr int exchange_warm_up = 3;
constexpr std::int64_t oracle_tokens = 256;  // of a rank: every rank computes what all send

// What one iteration moves. Its memory is an arena's, on huge pages, as in training.
struct Bed {
  Plan plan;
  Arena arena;
  Tensor x, rows, slots;

  void make(const DrawnRouting& drawn, const RoutingCase& what, Exchange& exchange, Comm& world,
            Stream& stream) {
    arena.reset();
    make_plan(drawn.routing, Placement(what.experts, world.size()), world, arena, plan, stream);
    exchange.prepare(plan, arena, stream);
    x = arena.take({drawn.tokens(), what.hidden});
    rows = arena.take({plan.num_shard_rows, what.hidden});
    slots = arena.take({plan.num_slots, what.hidden});
    std::fill_n(x.as<float>(), x.size(), 0.5F);
    std::fill_n(rows.as<float>(), rows.size(), 0.5F);
    std::fill_n(slots.as<float>(), slots.size(), 0.5F);
  }
};

Legs legs_of(const std::string& mode) {
  return {mode == "combine" ? 0 : 1, mode == "dispatch" ? 0 : 1};
}

std::int64_t count_wrong(const RoutingCase& what, const RoutingSweep& sweep, Exchange& exchange,
                         Comm& world) {
  RoutingCase small = what;
  small.tokens = std::min(what.tokens, oracle_tokens);
  const Workload workload = workload_of(small, sweep, world);
  std::vector<DrawnRouting> routing;
  for (int rank = 0; rank < world.size(); ++rank) routing.push_back(workload.draw(rank, 0));
  const ExchangeOracle oracle(std::move(routing), Placement(what.experts, world.size()),
                              payload_of(what.payload), what.hidden, world.rank());
  Stream stream = Stream::cpu(1);
  Bed bed;
  bed.make(oracle.mine(), small, exchange, world, stream);
  oracle.fill(bed.x);
  const Tensor results = bed.arena.take(bed.rows.shape);
  exchange.round_trip(
      bed.x, Tensor{}, bed.plan, bed.rows,
      [&](const Chunk& chunk) { oracle.work(chunk, bed.rows, results); }, results, bed.slots,
      bed.arena, stream);
  const std::int64_t wrong =
      oracle.wrong_rows(bed.rows, false) + oracle.wrong_slots(bed.slots, false);
  return reduce_one(world, wrong, Reduce::sum);
}

void run_mode(const std::string& mode, Bed& bed, Exchange& exchange, Stream& stream) {
  if (mode == "dispatch") {
    exchange.dispatch(bed.x, Tensor{}, bed.plan, bed.rows, bed.arena, stream);
  } else if (mode == "combine") {
    exchange.combine(bed.rows, bed.plan, bed.slots, bed.arena, stream);
  } else {
    exchange.round_trip(
        bed.x, Tensor{}, bed.plan, bed.rows, [](const Chunk&) {}, bed.rows, bed.slots, bed.arena,
        stream);
  }
}

}  // namespace

RouterConfig router_config(const RoutingCase& what, const RoutingSweep& sweep) {
  RouterConfig config;
  config.top_k = what.top_k;
  config.exchange = what.exchange;
  config.payload = what.payload;
  config.exchange_chunks = sweep.chunks;
  config.ranks_per_node = sweep.ranks_per_node;
  return config;
}

Workload workload_of(const RoutingCase& what, const RoutingSweep& sweep, Comm& world) {
  const Topology topology = make_topology(world, sweep.ranks_per_node);
  return Workload(what.workload, {.tokens = what.tokens,
                                  .top_k = what.top_k,
                                  .num_experts = what.experts,
                                  .num_ranks = world.size(),
                                  .ranks_per_node = static_cast<int>(topology.ranks[0].size()),
                                  .seed = static_cast<std::uint64_t>(sweep.seed)});
}

void measure_baselines(const Plan& plan, Legs legs, std::int64_t row_bytes, int iterations,
                       Comm& world, RoutingResult& result) {
  const Buffer slots({std::max<std::int64_t>(1, plan.num_slots), row_bytes}, DType::u8);
  const Buffer received({std::max<std::int64_t>(1, plan.num_received), row_bytes}, DType::u8);
  const Tensor home = slots.tensor().row_range(0, plan.num_slots);
  const Tensor away = received.tensor().row_range(0, plan.num_received);
  Stream stream = Stream::cpu(1);
  const auto nothing = [](int) {};
  result.raw = time_on_ranks(world, exchange_warm_up, iterations, nothing, [&](int) {
                 for (int i = 0; i < legs.dispatches; ++i)
                   world.all_to_all_rows(home, plan.send, away, plan.receive, stream);
                 for (int i = 0; i < legs.combines; ++i)
                   world.all_to_all_rows(away, plan.receive, home, plan.send, stream);
               }).most;
  const std::int64_t bytes = legs.dispatches * away.bytes() + legs.combines * home.bytes();
  const Buffer from({std::max<std::int64_t>(1, bytes)}, DType::u8);
  const Buffer to({std::max<std::int64_t>(1, bytes)}, DType::u8);
  result.copy =
      time_on_ranks(world, exchange_warm_up, iterations, nothing, [&](int) {
        std::memcpy(to.tensor().data, from.tensor().data, static_cast<std::size_t>(bytes));
      }).most;
}

RoutingResult measure_exchange(const RoutingCase& what, const RoutingSweep& sweep, Comm& world) {
  Stream stream = Stream::cpu(1);
  Trace trace;
  stream.set_trace(&trace);
  const auto exchange = make_exchange(router_config(what, sweep),
                                      {what.hidden, what.experts, what.tokens}, world, stream)
                            .exchange;
  const Topology topology = make_topology(world, sweep.ranks_per_node);
  const Workload workload = workload_of(what, sweep, world);
  const Payload payload = payload_of(what.payload);
  RoutingResult result = result_of(what, topology, world);
  result.wrong = count_wrong(what, sweep, *exchange, world);

  Bed bed;
  bed.make(workload.draw(world.rank(), 0), what, *exchange, world, stream);
  count_traffic(bed.plan, legs_of(what.mode), exchange->name(), payload, what.hidden, topology,
                world, result);
  measure_baselines(bed.plan, legs_of(what.mode), payload_row_bytes(payload, what.hidden),
                    sweep.iterations, world, result);
  result.tokens = reduce_one(world, bed.x.rows(), Reduce::sum);

  std::vector<double> travel;
  const RankTimes times = time_on_ranks(
      world, exchange_warm_up, sweep.iterations,
      [&](int i) {
        bed.make(workload.draw(world.rank(), i), what, *exchange, world, stream);
        trace.clear();
      },
      [&](int) {
        run_mode(what.mode, bed, *exchange, stream);
        travel.push_back(travel_in(trace));
      });
  take_times(times, travel, exchange_warm_up, world, result);
  return result;
}

}  // namespace switchyard
