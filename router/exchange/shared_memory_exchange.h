// The shared-memory exchange: ranks of a node read each other's rows out of a shared window, with
// no copy through MPI. Rows of other nodes go by one all-to-all.
#pragma once

#include "router/exchange/exchange.h"
#include "router/exchange/parcel.h"
#include "runtime/comm/topology.h"

namespace switchyard {

class SharedMemoryExchange final : public Exchange {
 public:
  // Collective. ranks_per_node: see make_topology.
  SharedMemoryExchange(Payload payload, std::int64_t hidden, int ranks_per_node, Comm& experts);

  std::string name() const override { return "shared_memory"; }
  // Makes room in the window for the plan's rows.
  std::unique_ptr<const PreparedPlan> prepare(Plan plan, Arena& arena, Stream& stream) override;
  // x is written into the window once per token; the experts' ranks pick the rows they need.
  // In the window, where neighbours read it; rows that a payload rounds are packed into it later.
  Tensor take_results(const Plan& plan, std::int64_t hidden, Arena& arena) override;
  void dispatch(Tensor x, Tensor weight, const PreparedPlan& prepared, Tensor rows, Arena& arena,
                Stream& stream) override;
  void combine(Tensor rows, const PreparedPlan& prepared, Tensor slots, Arena& arena,
               Stream& stream) override;

 private:
  enum class Way : std::uint8_t { out, home };
  struct Offer;
  Offer& offer_of(int member, Way way) const;
  // Starts my offer once nobody reads my last one of this way. begin: each neighbour's first row,
  // by rank of the group.
  Offer& start_offer(Way way, const Counts& begin);
  // Where an offer of results in place has its rows, behind their index.
  Tensor results_in_window(const Plan& plan, std::int64_t hidden) const;
  void share(Stream& stream);
  // Makes the window of every rank hold at least so much. Collective over the node.
  void grow_window(std::int64_t out_bytes, std::int64_t home_bytes);
  std::int64_t header_bytes() const;

  Payload payload_;
  Comm& experts_;
  Topology topology_;
  std::vector<bool> outside_;  // [group]: ranks of other nodes
  std::int64_t row_bytes_;
  std::unique_ptr<SharedWindow> window_;  // for each rank a part for the way out, and one home
  std::int64_t out_bytes_ = 0, home_bytes_ = 0;
  // Of the last offer. Whoever comes to the fence of one way is done reading the other's.
  Way last_ = Way::home;
};

}  // namespace switchyard
