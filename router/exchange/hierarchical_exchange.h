// The hierarchical exchange: a row crosses to a node once, however many of its experts live there,
// and a relay hands copies to its neighbours. Every choice returns as a separate row, so that the
// tokens' rank sums them in choice order.
#pragma once

#include "router/exchange/exchange.h"
#include "router/exchange/relay_plan.h"
#include "router/payload.h"

namespace switchyard {

class HierarchicalExchange final : public Exchange {
 public:
  // Collective. ranks_per_node: see make_topology.
  HierarchicalExchange(Payload payload, int ranks_per_node, Comm& experts);

  std::string name() const override { return "hierarchical"; }
  std::unique_ptr<const PreparedPlan> prepare(Plan plan, Arena& arena, Stream& stream) override;
  void dispatch(Tensor x, Tensor weight, const PreparedPlan& prepared, Tensor rows, Arena& arena,
                Stream& stream) override;
  void combine(Tensor rows, const PreparedPlan& prepared, Tensor slots, Arena& arena,
               Stream& stream) override;

 private:
  Payload payload_;
  Comm& experts_;
  Topology topology_;
  Rails rails_;
};

}  // namespace switchyard
