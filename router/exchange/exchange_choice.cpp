#include "router/exchange/exchange_choice.h"

#include <algorithm>
#include <chrono>

#include "router/exchange/workload.h"
#include "runtime/comm/topology.h"

namespace switchyard {
namespace {

constexpr int num_tries = 5;

// The median of a few round trips, each timed by the slowest rank. Collective.
double seconds_of(Exchange& exchange, const ExchangeShape& shape, const Workload& workload,
                  Comm& experts, Stream& stream) {
  Arena arena(stream.device());
  std::vector<double> seconds;
  for (int i = 0; i <= num_tries; ++i) {
    arena.reset();
    const DrawnRouting drawn = workload.draw(experts.rank(), i);
    const Placement placement(shape.num_experts, experts.size());
    Plan plan = make_plan(drawn.routing, placement, experts, arena, stream);
    const Tensor x = arena.take({drawn.tokens(), shape.hidden});
    const Tensor rows = arena.take({plan.num_shard_rows, shape.hidden});
    const Tensor slots = arena.take({plan.num_slots, shape.hidden});
    stream.synchronize();
    experts.barrier();
    const auto start = std::chrono::steady_clock::now();
    const auto prepared = exchange.prepare(std::move(plan), arena, stream);
    exchange.dispatch(x, Tensor{}, *prepared, rows, arena, stream);
    exchange.combine(rows, *prepared, slots, arena, stream);
    stream.synchronize();
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    seconds.push_back(reduce_one(experts, spent.count(), Reduce::max));
  }
  std::sort(seconds.begin() + 1, seconds.end());  // the first one found cold memory
  return seconds[1 + num_tries / 2];
}

// True if some node has no room for what this kind of exchange shares. Collective.
bool lacks_room(ExchangeKind kind, const Exchange& exchange, Comm& experts) {
  return reduce_one(experts, std::int64_t{exchange.name() != name_of(kind)}, Reduce::max) != 0;
}

ChosenExchange measure_exchanges(const RouterConfig& config, const ExchangeShape& shape,
                                 Comm& experts, Stream& stream) {
  if (experts.size() == 1)
    return {make_exchange_of(ExchangeKind::flat, config, shape, experts), "flat, having one rank"};
  std::vector<ExchangeKind> kinds = {ExchangeKind::flat};
  {
    const Topology topology = make_topology(experts, config.ranks_per_node);
    const int several = topology.smallest_node() > 1 || topology.num_nodes() < experts.size();
    if (reduce_one(experts, std::int64_t{several}, Reduce::max) != 0) {
      if (stream.device().kind == Device::Kind::cpu) kinds.push_back(ExchangeKind::shared_memory);
      if (topology.num_nodes() > 1) kinds.push_back(ExchangeKind::hierarchical);
    }
  }
  const Workload workload("balanced", {.tokens = shape.tokens,
                                       .top_k = config.top_k,
                                       .num_experts = shape.num_experts,
                                       .num_ranks = experts.size()});
  std::string why;
  ChosenExchange best;
  double min_seconds = 0.0;
  for (const ExchangeKind kind : kinds) {
    auto exchange = make_exchange_of(kind, config, shape, experts);
    double seconds = seconds_of(*exchange, shape, workload, experts, stream);
    if (lacks_room(kind, *exchange, experts)) {
      why += ", while /dev/shm has no room for shared_memory";
      continue;
    }
    experts.broadcast(tensor_of(&seconds, {1}), 0, stream);
    why += fmt::format("{}{} {:.3g} ms", why.empty() ? "" : ", ", name_of(kind), 1e3 * seconds);
    if (best.exchange && seconds >= min_seconds) continue;
    best.exchange = std::move(exchange);
    min_seconds = seconds;
  }
  best.why = fmt::format("{}, the fastest of {} for a round trip of {} tokens on {} ranks",
                         best.exchange->name(), why, shape.tokens, experts.size());
  return best;
}

}  // namespace

ChosenExchange make_exchange(const RouterConfig& config, const ExchangeShape& shape, Comm& experts,
                             Stream& stream) {
  const bool automatic = config.exchange == ExchangeKind::automatic;
  if (automatic && config.predicted)
    return {make_exchange_of(config.predicted->kind, config, shape, experts),
            config.predicted->why};
  if (automatic) return measure_exchanges(config, shape, experts, stream);
  return {make_exchange_of(config.exchange, config, shape, experts),
          fmt::format("{}, as configured", name_of(config.exchange))};
}

}  // namespace switchyard
