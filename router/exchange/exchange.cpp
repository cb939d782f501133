#include "router/exchange/exchange.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "router/exchange/flat_exchange.h"
#include "router/exchange/hierarchical_exchange.h"
#include "router/exchange/measured_exchange.h"
#include "router/exchange/pipelined_exchange.h"
#include "router/exchange/shared_memory_exchange.h"

namespace switchyard {

std::unique_ptr<const PreparedPlan> Exchange::prepare(Plan plan, Arena&, Stream&) {
  return std::make_unique<const PreparedPlan>(std::move(plan));
}

Tensor Exchange::take_results(const Plan& plan, std::int64_t hidden, Arena& arena) {
  return arena.take({plan.num_shard_rows, hidden});
}

void Exchange::round_trip(const RoundTrip& trip, const PreparedPlan& prepared,
                          const ExpertWork& work, Arena& arena, Stream& stream) {
  dispatch(trip.x, trip.weight, prepared, trip.rows, arena, stream);
  work({prepared.plan.segments});
  combine(trip.results, prepared, trip.slots, arena, stream);
}

const std::vector<std::string>& exchange_names() {
  static const std::vector<std::string> names = {"flat", "shared_memory", "hierarchical",
                                                 "pipelined"};
  return names;
}

std::unique_ptr<Exchange> make_named_exchange(const std::string& name, const RouterConfig& config,
                                              const ExchangeShape& shape, Comm& experts) {
  const Payload payload = payload_of(config.payload);
  if (name == "flat") return std::make_unique<FlatExchange>(payload, experts);
  if (name == "shared_memory") {
    require(
        shape.device.kind == Device::Kind::cpu, Exit::usage,
        "router.exchange = \"shared_memory\": memory that the ranks of a node share is the "
        "host's; with run.device = \"cuda\" use \"flat\", whose rows NCCL copies from one GPU of a "
        "node to another directly where they can reach each other");
    return std::make_unique<SharedMemoryExchange>(payload, shape.hidden, config.ranks_per_node,
                                                  experts);
  }
  if (name == "hierarchical")
    return std::make_unique<HierarchicalExchange>(payload, config.ranks_per_node, experts);
  require(name == "pipelined", Exit::usage,
          "router.exchange = \"{}\": it is one of {}, or \"auto\"", name, exchange_names());
  return std::make_unique<PipelinedExchange>(payload, config.exchange_chunks, shape.device,
                                             experts);
}

ChosenExchange make_exchange(const RouterConfig& config, const ExchangeShape& shape, Comm& experts,
                             Stream& stream) {
  if (config.exchange == "auto") return measure_exchanges(config, shape, experts, stream);
  return {make_named_exchange(config.exchange, config, shape, experts),
          fmt::format("{}, as configured", config.exchange)};
}

}  // namespace switchyard
