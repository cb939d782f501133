#include "launch/bench/exchange_bench.h"

#include <algorithm>

#include "launch/bench/exchange_bed.h"
#include "launch/bench/routing_times.h"
#include "launch/bench/traffic_counter.h"
#include "router/exchange/exchange_choice.h"
#include "runtime/device/ops.h"

namespace switchyard::bench {
namespace {

constexpr std::int64_t first_check_tokens = 256;  // of each rank

// Returns the seconds of each iteration on its slowest rank. a, b: what is written before.
std::vector<double> seconds_of(Tensor a, Tensor b, const RoutingSweep& sweep, BenchRanks& ranks,
                               Stream& stream, const std::function<void()>& work) {
  RuntimeOps& ops = RuntimeOps::on(stream.device());
  const std::vector<Lap> laps = run_laps(ranks.world, sweep.warm_up, sweep.iterations, nullptr,
                                         {.setup =
                                              [&](int) {
                                                ops.zero(a, stream);
                                                ops.zero(b, stream);
                                                stream.synchronize();
                                              },
                                          .work =
                                              [&](int) {
                                                work();
                                                stream.synchronize();
                                              }});
  std::vector<double> seconds;
  for (const Iteration& iteration : slowest_of(laps, ranks.world.size()))
    seconds.push_back(iteration.seconds);
  return seconds;
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

RoutingResult result_of(const RoutingCase& what, const BenchRanks& ranks) {
  RoutingResult result;
  result.what = what;
  result.exchange = what.exchange;
  result.ranks = ranks.world.size();
  result.nodes = ranks.num_nodes;
  result.group = ranks.experts->size();
  result.of_ranks.resize(static_cast<std::size_t>(result.ranks));
  return result;
}

void measure_baselines(const Plan& plan, const RoutingCase& what, const RoutingSweep& sweep,
                       BenchRanks& ranks, Stream& stream, RoutingResult& result) {
  const std::int64_t row = payload_row_bytes(what.payload, what.hidden);
  const Legs legs = legs_of(what.mode);
  const Device device = stream.device();
  Comm& experts = *ranks.experts;
  const auto exchange = [&](Tensor home, Tensor away) {
    return seconds_of(home, away, sweep, ranks, stream, [&] {
      for (int i = 0; i < legs.dispatches; ++i)
        experts.exchange_rows(home, plan.send, away, plan.receive, stream);
      for (int i = 0; i < legs.combines; ++i)
        experts.exchange_rows(away, plan.receive, home, plan.send, stream);
    });
  };
  const Shape home{plan.num_slots, row}, away{plan.num_received, row};
  {
    const Buffer at_home(home, DType::u8, device), at_experts(away, DType::u8, device);
    result.raw = exchange(at_home, at_experts);
  }
  if (device.kind == Device::Kind::cpu) {
    std::vector<std::byte> at_home(static_cast<std::size_t>(home.size())),
        at_experts(static_cast<std::size_t>(away.size()));
    result.plain = exchange({at_home.data(), home, DType::u8, device},
                            {at_experts.data(), away, DType::u8, device});
  }
  const std::int64_t bytes =
      row * (legs.dispatches * plan.num_received + legs.combines * plan.num_slots);
  const Buffer from({bytes}, DType::u8, device), to({bytes}, DType::u8, device);
  result.copy = seconds_of(from, to, sweep, ranks, stream,
                           [&] { RuntimeOps::on(device).copy(from, to, stream); });
}

RoutingResult measure_exchange(const RoutingCase& what, const RoutingSweep& sweep, int repeat,
                               BenchRanks& ranks, Stream& stream) {
  const auto exchange = make_exchange(router_config(what, sweep),
                                      {what.hidden, what.experts, what.tokens, stream.device()},
                                      *ranks.experts, stream)
                            .exchange;
  const std::int64_t first = std::int64_t{repeat} * sweep.iterations;
  RoutingResult result = result_of(what, ranks);
  result.exchange = exchange->name();
  std::int64_t wrong = 0;
  if (repeat == 0) {
    RoutingCase small = what;
    small.tokens = std::min(what.tokens, first_check_tokens);
    wrong += wrong_in_round_trip(small, draw_of(small, sweep, ranks, ranks.experts->size()), 0,
                                 *exchange, ranks, stream);
  }
  const Draw draw = draw_of(what, sweep, ranks, ranks.experts->size());
  const int rank = ranks.experts->rank();
  ExchangeBed bed(what, *exchange, *ranks.experts, stream);
  bed.make(draw(rank, first));
  measure_baselines(bed.plan(), what, sweep, ranks, stream, result);

  TrafficCounter traffic(exchange->name(), what, ranks);
  std::optional<ExchangeOracle> oracle;  // of an iteration that it checks
  Trace trace;
  stream.set_trace(&trace);
  const std::vector<Lap> laps = run_laps(
      ranks.world, sweep.warm_up, sweep.iterations, &trace,
      {.setup =
           [&](int i) {
             oracle.reset();
             if (sweep.check_every || i == sweep.iterations - 1) {
               oracle.emplace(oracle_of(what, draw, first + i, *ranks.experts));
               bed.make(*oracle);
             } else {
               bed.make(draw(rank, first + i));
             }
           },
       .work = [&](int) { bed.run(what.mode); },
       .after =
           [&](int) {
             traffic.count(bed.plan(), stream);
             if (oracle)
               wrong += reduce_one(ranks.world, bed.wrong(*oracle, what.mode), Reduce::sum);
           }});
  stream.set_trace(nullptr);
  add_laps(laps, result);
  traffic.give(result);
  result.wrong = wrong;
  return result;
}

}  // namespace switchyard::bench
