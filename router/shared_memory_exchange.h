// The shared-memory exchange: ranks of a node read each other's rows out of a shared window, with
// no copy through MPI. Rows of other nodes go by one all-to-all.
#pragma once

#include "router/exchange.h"
#include "router/parcel.h"
#include "runtime/topology.h"

namespace switchyard {

class SharedMemoryExchange final : public Exchange {
 public:
  // Collective. ranks_per_node: see make_topology.
  SharedMemoryExchange(Payload payload, std::int64_t hidden, int ranks_per_node, Comm& experts);

  std::string name() const override { return "shared_memory"; }
  // Makes room in the window for the plan's rows.
  void prepare(Plan& plan, Arena& arena, Stream& stream) override;
  // x is written into the window once per token; the experts' ranks pick the rows they need.
  void dispatch(Tensor x, Tensor weight, const Plan& plan, Tensor rows, Arena& arena,
                Stream& stream) override;
  void combine(Tensor rows, const Plan& plan, Tensor slots, Arena& arena, Stream& stream) override;

 private:
  struct Offer;
  Offer& offer_of(int member) const;
  // Starts my offer in the half that nobody reads. begin: each neighbour's first row, by rank of
  // the group.
  Offer& start_offer(const Counts& begin);
  void share(Stream& stream);

  Payload payload_;
  Comm& experts_;
  Topology topology_;
  std::vector<bool> outside_;  // [group]: ranks of other nodes
  std::int64_t row_bytes_;
  std::unique_ptr<SharedWindow> window_;  // two halves per rank
  std::int64_t half_bytes_ = 0;
  int half_ = 0;  // of the last offer; written again after the other's fence: its readers are done
};

}  // namespace switchyard
