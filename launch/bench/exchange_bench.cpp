#include "launch/bench/exchange_bench.h"

#include <algorithm>

#include "launch/bench/recorded_routing.h"
#include "launch/bench/routing_times.h"
#include "router/exchange/exchange_choice.h"
#include "router/exchange/exchange_oracle.h"
#include "runtime/comm/counts.h"
#include "runtime/device/host_access.h"
#include "runtime/device/ops.h"
#include "runtime/device/trace.h"

namespace switchyard::bench {
namespace {

constexpr int exchange_warm_up = 3;
constexpr std::int64_t oracle_tokens =
    256;  // of each rank: every rank computes what all ranks send

void fill(Tensor tensor, float value, Stream& stream) {
  HostWrite filled(tensor, stream);
  std::fill_n(filled.as<float>(), tensor.size(), value);
  filled.send();
}

// The tensors that one iteration moves. They come from an arena, on huge pages, as in training.
struct TestBed {
  std::unique_ptr<const PreparedPlan> prepared;
  Arena arena;
  Tensor x, rows, results, slots;

  explicit TestBed(Device device) : arena(device) {}
  void make(const DrawnRouting& drawn, const RoutingCase& what, Exchange& exchange, Comm& world,
            Stream& stream) {
    arena.reset();
    const Placement placement(what.experts, world.size());
    prepared =
        exchange.prepare(make_plan(drawn.routing, placement, world, arena, stream), arena, stream);
    x = arena.take({drawn.tokens(), what.hidden});
    rows = arena.take({plan().num_shard_rows, what.hidden});
    results = exchange.take_results(plan(), what.hidden, arena);
    slots = arena.take({plan().num_slots, what.hidden});
    for (const Tensor tensor : {x, rows, results, slots}) fill(tensor, 0.5F, stream);
    stream.synchronize();
  }
  const Plan& plan() const { return prepared->plan; }
  void combine(Exchange& exchange, Stream& stream) {
    exchange.combine(results, *prepared, slots, arena, stream);
  }
  void round_trip(Exchange& exchange, const ExpertWork& work, Stream& stream) {
    exchange.round_trip({x, Tensor{}, rows, results, slots}, *prepared, work, arena, stream);
  }
};

Legs legs_of(const std::string& mode) {
  return {mode == "combine" ? 0 : 1, mode == "dispatch" ? 0 : 1};
}

std::int64_t count_wrong(const RoutingCase& what, const RoutingSweep& sweep, Exchange& exchange,
                         Comm& world, Stream& stream) {
  RoutingCase small = what;
  small.tokens = std::min(what.tokens, oracle_tokens);
  const Draw draw = draw_of(small, sweep, world);
  std::vector<DrawnRouting> routing;
  for (int rank = 0; rank < world.size(); ++rank) routing.push_back(draw(rank, 0));
  const ExchangeOracle oracle(std::move(routing), Placement(what.experts, world.size()),
                              what.payload, what.hidden, world.rank());
  TestBed bed(stream.device());
  bed.make(oracle.mine(), small, exchange, world, stream);
  HostWrite x(bed.x, stream), results(bed.results, stream);
  oracle.fill(x.tensor());
  x.send();
  const auto work = [&](const Chunk& chunk) {
    const HostRead rows(bed.rows, stream);
    oracle.work(chunk, rows.tensor(), results.tensor());
    results.send();  // sends the unchanged results of earlier chunks again
  };
  bed.round_trip(exchange, work, stream);
  const HostRead rows(bed.rows, stream), slots(bed.slots, stream);
  const std::int64_t wrong = oracle.wrong_rows(rows.tensor(), false, row_tile_on(stream.device())) +
                             oracle.wrong_slots(slots.tensor(), false);
  return reduce_one(world, wrong, Reduce::sum);
}

void run_mode(const std::string& mode, TestBed& bed, Exchange& exchange, Stream& stream) {
  if (mode == "dispatch") {
    exchange.dispatch(bed.x, Tensor{}, *bed.prepared, bed.rows, bed.arena, stream);
  } else if (mode == "combine") {
    bed.combine(exchange, stream);
  } else {
    bed.round_trip(
        exchange, [](const Chunk&) {}, stream);
  }
  stream.synchronize();
}

}  // namespace

RouterConfig router_config(const RoutingCase& what, const RoutingSweep& sweep) {
  RouterConfig config;
  config.top_k = what.top_k;
  config.exchange = value_named<ExchangeKind>(what.exchange).value();
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
                       Comm& world, Stream& stream, RoutingResult& result) {
  RuntimeOps& ops = RuntimeOps::on(stream.device());
  const auto write_both = [&](Tensor a, Tensor b) {
    ops.zero(a, stream);
    ops.zero(b, stream);
    stream.synchronize();
  };
  const auto seconds_of_sides = [&](Tensor home, Tensor away) {
    return time_on_ranks(
               world, exchange_warm_up, iterations, [&](int) { write_both(home, away); },
               [&](int) {
                 for (int i = 0; i < legs.dispatches; ++i)
                   world.all_to_all_rows(home, plan.send, away, plan.receive, stream);
                 for (int i = 0; i < legs.combines; ++i)
                   world.all_to_all_rows(away, plan.receive, home, plan.send, stream);
                 stream.synchronize();
               })
        .most;
  };
  const Device device = stream.device();
  const Buffer home({plan.num_slots, row_bytes}, DType::u8, device),
      away({plan.num_received, row_bytes}, DType::u8, device);
  result.raw = seconds_of_sides(home, away);
  if (device.kind == Device::Kind::cpu) {
    std::vector<std::byte> slots(to_index(home.tensor().bytes())),
        received(to_index(away.tensor().bytes()));
    result.plain = seconds_of_sides({slots.data(), home.tensor().shape, DType::u8, device},
                                    {received.data(), away.tensor().shape, DType::u8, device});
  }

  const std::int64_t bytes =
      row_bytes * (legs.dispatches * plan.num_received + legs.combines * plan.num_slots);
  const Buffer from({bytes}, DType::u8, device), to({bytes}, DType::u8, device);
  result.copy = time_on_ranks(
                    world, exchange_warm_up, iterations, [&](int) { write_both(from, to); },
                    [&](int) {
                      ops.copy(from, to, stream);
                      stream.synchronize();
                    })
                    .most;
}

RoutingResult measure_exchange(const RoutingCase& what, const RoutingSweep& sweep, Comm& world,
                               Stream& stream) {
  Trace trace;
  stream.set_trace(&trace);
  const auto exchange =
      make_exchange(router_config(what, sweep),
                    {what.hidden, what.experts, what.tokens, stream.device()}, world, stream)
          .exchange;
  const Topology topology = make_topology(world, sweep.ranks_per_node);
  const Draw draw = draw_of(what, sweep, world);
  const Payload payload = what.payload;
  RoutingResult result = result_of(what, topology, world);
  result.wrong = count_wrong(what, sweep, *exchange, world, stream);

  TestBed bed(stream.device());
  bed.make(draw(world.rank(), 0), what, *exchange, world, stream);
  count_traffic(bed.plan(), legs_of(what.mode), exchange->name(), payload, what.hidden, topology,
                world, stream, result);
  measure_baselines(bed.plan(), legs_of(what.mode), payload_row_bytes(payload, what.hidden),
                    sweep.iterations, world, stream, result);
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
  stream.set_trace(nullptr);
  return result;
}

}  // namespace switchyard::bench
