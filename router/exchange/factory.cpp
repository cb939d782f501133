#include "router/exchange/factory.h"

#include "router/exchange/flat_exchange.h"
#include "router/exchange/hierarchical_exchange.h"
#include "router/exchange/pipelined_exchange.h"
#include "router/exchange/shared_memory_exchange.h"
#include "runtime/error.h"

namespace switchyard {

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
    using WithoutRoom = SharedMemoryExchange::WithoutRoom;
    return std::make_unique<SharedMemoryExchange>(
        payload, shape.hidden, config.ranks_per_node,
        config.exchange == ExchangeKind::automatic ? WithoutRoom::sends : WithoutRoom::fails,
        experts);
  }
  if (kind == ExchangeKind::hierarchical)
    return std::make_unique<HierarchicalExchange>(payload, config.ranks_per_node, experts);
  require(kind == ExchangeKind::pipelined, "no exchange is {}", name_of(kind));
  return std::make_unique<PipelinedExchange>(payload, config.exchange_chunks, shape.device,
                                             experts);
}

}  // namespace switchyard
