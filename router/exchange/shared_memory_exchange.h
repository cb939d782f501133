// The shared-memory exchange: ranks of a node read each other's rows out of a shared window, with
// no copy through MPI. Rows of other nodes go by one all-to-all.
#pragma once

#include "router/exchange/exchange.h"
#include "router/exchange/packed_rows.h"
#include "runtime/comm/topology.h"

namespace switchyard {

class SharedMemoryExchange final : public Exchange {
 public:
  // What to do when a node has no room for the window of a plan: fail, or send the node's rows
  // through MPI from then on.
  enum class WithoutRoom : std::uint8_t { fails, sends };

  // Collective. ranks_per_node: see make_topology.
  SharedMemoryExchange(Payload payload, std::int64_t hidden, int ranks_per_node,
                       WithoutRoom without_room, Comm& experts);

  std::string name() const override { return shares_ ? "shared_memory" : "flat"; }
  // Makes the window large enough for the plan's rows. Errors: Exit::storage on the ranks of a node
  // without room, if that fails.
  std::unique_ptr<const PreparedPlan> prepare(Plan plan, Arena& arena, Stream& stream) override;
  // In the window, where neighbours read the results; rows that a payload rounds are packed into it
  // by combine instead.
  Tensor take_results(const Plan& plan, std::int64_t hidden, Arena& arena) override;
  // Writes x into the window once per token; the experts' ranks pick the rows they need.
  void dispatch(Tensor x, Tensor weight, const PreparedPlan& prepared, Tensor rows, Arena& arena,
                Stream& stream) override;
  void combine(Tensor rows, const PreparedPlan& prepared, Tensor slots, Arena& arena,
               Stream& stream) override;

 private:
  enum class Direction : std::uint8_t { dispatch, combine };
  struct Published;
  Published& published_by(int member, Direction direction) const;
  // Starts to publish once no rank reads what this rank published before in this direction. begin:
  // each neighbour's first row, by rank of the group.
  Published& start_publishing(Direction direction, const Counts& begin);
  // Lets the node read what its ranks published. Collective over the node.
  void publish(Stream& stream);
  // Where results that were computed in the window are, behind their index.
  Tensor results_in_window(const Plan& plan, std::int64_t hidden) const;
  std::int64_t header_bytes() const;
  // The exchange within the node, through the window; outside_ marks what is left for MPI.
  void dispatch_shared(Tensor x, Tensor weight, const Plan& plan, Tensor rows, Arena& arena,
                       Stream& stream);
  void combine_shared(Tensor rows, const Plan& plan, Tensor slots, Stream& stream);
  bool sends() const { return topology_.num_nodes() > 1 || !shares_; }
  // Makes every rank's part of the window at least this large. Collective over the node.
  void grow_window(std::int64_t dispatch_bytes, std::int64_t combine_bytes);

  Payload payload_;
  Comm& experts_;
  Topology topology_;
  WithoutRoom without_room_;
  bool shares_ = true;         // false once this node had no room
  std::vector<bool> outside_;  // [group]: ranks that no window of this node serves
  std::int64_t row_bytes_;
  std::unique_ptr<SharedWindow> window_;  // each rank has a part for each direction
  std::int64_t dispatch_bytes_ = 0, combine_bytes_ = 0;
  // The direction published last. A rank that reaches the fence of one direction no longer reads
  // the other.
  Direction last_ = Direction::combine;
};

}  // namespace switchyard
