#include "router/exchange/exchange.h"

#include <fmt/format.h>

#include "router/exchange/flat_exchange.h"
#include "router/exchange/hierarchical_exchange.h"
#include "router/exchange/measured_exchange.h"
#include "router/exchange/node_sums_exchange.h"
#include "router/exchange/parcel.h"
#include "router/exchange/pipelined_exchange.h"
#include "router/exchange/shared_memory_exchange.h"
#include "router/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {

void Exchange::prepare(Plan&, Arena&, Stream&) {}

Tensor Exchange::take_results(const Plan& plan, std::int64_t hidden, Arena& arena) {
  return arena.take({plan.num_shard_rows, hidden});
}

void Exchange::combine_sums(Tensor rows, Tensor weights, const Plan& plan, Tensor out, Arena& arena,
                            Stream& stream) {
  const ArenaScope scope(arena);
  Tensor leaving = rows;
  if (given(weights)) {
    leaving = arena.take(rows.shape);
    unpack_rows(Payload::f32, as_bytes(rows), plan.row_of_received, weights, leaving,
                plan.row_of_received, stream);
  }
  const Tensor slots = arena.take({plan.num_slots, out.cols()});
  combine(leaving, plan, slots, arena, stream);
  const Span span(stream, "permute");
  RouterOps::on(stream.device()).sum_choices(slots, Tensor{}, plan.slot_of_choice, out, stream);
}

void Exchange::round_trip(Tensor x, Tensor weight, const Plan& plan, Tensor rows,
                          const ExpertWork& work, Tensor results, Tensor slots, Arena& arena,
                          Stream& stream) {
  dispatch(x, weight, plan, rows, arena, stream);
  work({plan.segments});
  combine(results, plan, slots, arena, stream);
}

std::unique_ptr<Exchange> make_exchange_of(ExchangeKind kind, const RouterConfig& config,
                                           const ExchangeShape& shape, Comm& experts) {
  const Payload payload = config.payload;
  if (kind == ExchangeKind::flat) return std::make_unique<FlatExchange>(payload, experts);
  if (kind == ExchangeKind::shared_memory) {
    require(
        shape.device.kind == Device::Kind::cpu, Exit::usage,
        "router.exchange = \"shared_memory\": memory that the ranks of a node share is the "
        "host's; with run.device = \"cuda\" use \"flat\", whose rows NCCL copies from one GPU of a "
        "node to another directly where they can reach each other");
    return std::make_unique<SharedMemoryExchange>(payload, shape.hidden, config.ranks_per_node,
                                                  experts);
  }
  if (kind == ExchangeKind::hierarchical && config.node_sums)
    return std::make_unique<NodeSumsExchange>(payload, config.ranks_per_node, experts);
  if (kind == ExchangeKind::hierarchical)
    return std::make_unique<HierarchicalExchange>(payload, config.ranks_per_node, experts);
  require(kind == ExchangeKind::pipelined, "no exchange is {}", name_of(kind));
  return std::make_unique<PipelinedExchange>(payload, config.exchange_chunks, shape.device,
                                             experts);
}

ChosenExchange make_exchange(const RouterConfig& config, const ExchangeShape& shape, Comm& experts,
                             Stream& stream) {
  if (config.exchange == ExchangeKind::automatic)
    return measure_exchanges(config, shape, experts, stream);
  return {make_exchange_of(config.exchange, config, shape, experts),
          fmt::format("{}, as configured", name_of(config.exchange))};
}

}  // namespace switchyard
