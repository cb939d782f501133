#include "launch/bench/exchange_bench.h"

#include <algorithm>
#include <cstring>

#include "launch/bench/recorded_routing.h"
#include "launch/bench/routing_times.h"
#include "router/exchange_oracle.h"
#include "runtime/counts.h"
#include "runtime/trace.h"

namespace switchyard {
namespace {

constexpr int exchange_warm_up = 3;
constexpr std::int64_t oracle_tokens = 256;  // of a rank: every rank computes what all send

// What one iteration moves. Its memory is an arena's, on huge pages, as in training.
struct Bed {
  Plan plan;
  Arena arena;
  Tensor x, rows, results, slots;

  void make(const DrawnRouting& drawn, const RoutingCase& what, Exchange& exchange, Comm& world,
            Stream& stream) {
    arena.reset();
    make_plan(drawn.routing, Placement(what.experts, world.size()), world, arena, plan, stream);
    exchange.prepare(plan, arena, stream);
    x = arena.take({drawn.tokens(), what.hidden});
    rows = arena.take({plan.num_shard_rows, what.hidden});
    results = exchange.take_results(plan, what.hidden, arena);
    slots = arena.take({plan.num_slots, what.hidden});
    std::fill_n(x.as<float>(), x.size(), 0.5F);
    std::fill_n(rows.as<float>(), rows.size(), 0.5F);
    std::fill_n(results.as<float>(), results.size(), 0.5F);
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
  const Draw draw = draw_of(small, sweep, world);
  std::vector<DrawnRouting> routing;
  for (int rank = 0; rank < world.size(); ++rank) routing.push_back(draw(rank, 0));
  const ExchangeOracle oracle(std::move(routing), Placement(what.experts, world.size()),
                              payload_of(what.payload), what.hidden, world.rank());
  Stream stream = Stream::cpu(1);
  Bed bed;
  bed.make(oracle.mine(), small, exchange, world, stream);
  oracle.fill(bed.x);
  exchange.round_trip(
      bed.x, Tensor{}, bed.plan, bed.rows,
      [&](const Chunk& chunk) { oracle.work(chunk, bed.rows, bed.results); }, bed.results,
      bed.slots, bed.arena, stream);
  const std::int64_t wrong =
      oracle.wrong_rows(bed.rows, false) + oracle.wrong_slots(bed.slots, false);
  return reduce_one(world, wrong, Reduce::sum);
}

void run_mode(const std::string& mode, Bed& bed, Exchange& exchange, Stream& stream) {
  if (mode == "dispatch") {
    exchange.dispatch(bed.x, Tensor{}, bed.plan, bed.rows, bed.arena, stream);
  } else if (mode == "combine") {
    exchange.combine(bed.results, bed.plan, bed.slots, bed.arena, stream);
  } else {
    exchange.round_trip(
        bed.x, Tensor{}, bed.plan, bed.rows, [](const Chunk&) {}, bed.results, bed.slots, bed.arena,
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

Draw draw_of(const RoutingCase& what, const RoutingSweep& sweep, Comm& world) {
  if (!sweep.replay.empty()) {
    return [recorded = std::make_shared<const RecordedRouting>(sweep.replay), what,
            num_ranks = world.size()](int rank, std::int64_t iteration) {
      return recorded->draw(rank, num_ranks, iteration, what.tokens, what.experts);
    };
  }
  const Topology topology = make_topology(world, sweep.ranks_per_node);
  const Workload workload(what.workload,
                          {.tokens = what.tokens,
                           .top_k = what.top_k,
                           .num_experts = what.experts,
                           .num_ranks = world.size(),
                           .ranks_per_node = static_cast<int>(topology.ranks[0].size()),
                           .seed = static_cast<std::uint64_t>(sweep.seed)});
  return [workload](int rank, std::int64_t iteration) { return workload.draw(rank, iteration); };
}

void measure_baselines(const Plan& plan, Legs legs, std::int64_t row_bytes, int iterations,
                       Comm& world, RoutingResult& result) {
  Stream stream = Stream::cpu(1);
  const auto seconds_of_sides = [&](void* home_memory, void* away_memory) {
    const Tensor home{home_memory, {plan.num_slots, row_bytes}, DType::u8, Device::cpu()},
        away{away_memory, {plan.num_received, row_bytes}, DType::u8, Device::cpu()};
    return time_on_ranks(
               world, exchange_warm_up, iterations,
               [&](int i) {
                 std::memset(home.data, i, static_cast<std::size_t>(home.bytes()));
                 std::memset(away.data, i, static_cast<std::size_t>(away.bytes()));
               },
               [&](int) {
                 for (int i = 0; i < legs.dispatches; ++i)
                   world.all_to_all_rows(home, plan.send, away, plan.receive, stream);
                 for (int i = 0; i < legs.combines; ++i)
                   world.all_to_all_rows(away, plan.receive, home, plan.send, stream);
               })
        .most;
  };
  const std::int64_t home = plan.num_slots * row_bytes, away = plan.num_received * row_bytes;
  const Buffer home_pages({std::max<std::int64_t>(1, home)}, DType::u8),
      away_pages({std::max<std::int64_t>(1, away)}, DType::u8);
  result.raw = seconds_of_sides(home_pages.tensor().data, away_pages.tensor().data);
  std::vector<std::byte> home_plain(at(home + 1)), away_plain(at(away + 1));
  result.plain = seconds_of_sides(home_plain.data(), away_plain.data());

  const std::int64_t bytes = legs.dispatches * away + legs.combines * home;
  const Buffer from({std::max<std::int64_t>(1, bytes)}, DType::u8);
  const Buffer to({std::max<std::int64_t>(1, bytes)}, DType::u8);
  result.copy =
      time_on_ranks(
          world, exchange_warm_up, iterations,
          [&](int i) {
            std::memset(from.tensor().data, i, static_cast<std::size_t>(bytes));
            std::memset(to.tensor().data, i, static_cast<std::size_t>(bytes));
          },
          [&](int) {
            std::memcpy(to.tensor().data, from.tensor().data, static_cast<std::size_t>(bytes));
          })
          .most;
}

RoutingResult measure_exchange(const RoutingCase& what, const RoutingSweep& sweep, Comm& world) {
  Stream stream = Stream::cpu(1);
  Trace trace;
  stream.set_trace(&trace);
  const auto exchange = make_exchange(router_config(what, sweep),
                                      {what.hidden, what.experts, what.tokens}, world, stream)
                            .exchange;
  const Topology topology = make_topology(world, sweep.ranks_per_node);
  const Draw draw = draw_of(what, sweep, world);
  const Payload payload = payload_of(what.payload);
  RoutingResult result = result_of(what, topology, world);
  result.wrong = count_wrong(what, sweep, *exchange, world);

  Bed bed;
  bed.make(draw(world.rank(), 0), what, *exchange, world, stream);
  count_traffic(bed.plan, legs_of(what.mode), exchange->name(), payload, what.hidden, topology,
                world, result);
  measure_baselines(bed.plan, legs_of(what.mode), payload_row_bytes(payload, what.hidden),
                    sweep.iterations, world, result);
  result.tokens = reduce_one(world, bed.x.rows(), Reduce::sum);

  std::vector<double> travel;
  const RankTimes times = time_on_ranks(
      world, exchange_warm_up, sweep.iterations,
      [&](int i) {
        bed.make(draw(world.rank(), i), what, *exchange, world, stream);
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
