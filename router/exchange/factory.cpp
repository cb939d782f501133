#include "router/exchange/factory.h"

#include <fmt/ranges.h>

#include "router/exchange/flat_exchange.h"
#include "router/exchange/hierarchical_exchange.h"
#include "router/exchange/pipelined_exchange.h"
#include "router/exchange/shared_memory_exchange.h"
#include "runtime/error.h"

namespace switchyard {

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

}  // namespace switchyard
