// The hierarchical exchange of router.node_sums: on the way home, too, a token crosses once between
// its home and a node. A relay sums, in f32, the rows that its node's experts made of the token,
// and home sums the nodes. A payload rounds the sum that crosses; within a node rows travel in f32.
#pragma once

#include "router/exchange/hierarchical_exchange.h"

namespace switchyard {

class NodeSumsExchange final : public HierarchicalExchange {
 public:
  using HierarchicalExchange::HierarchicalExchange;

  std::string name() const override { return "node_sums"; }
  void prepare(Plan& plan, Arena& arena, Stream& stream) override;
  void combine_sums(Tensor rows, Tensor weights, const Plan& plan, Tensor out, Arena& arena,
                    Stream& stream) override;

 private:
  Tensor to_relays(Tensor rows, Tensor weights, const Plan& plan, Arena& arena, Stream& stream);
  Tensor sent_across(Tensor sums, const Hops& hops, Arena& arena, Stream& stream);
};

}  // namespace switchyard
