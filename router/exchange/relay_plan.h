// RelayPlan: the route of a plan's rows when a token crosses to a node once, however many of its
// experts that node hosts, and a relay there hands a copy to each expert's rank.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "router/plan/plan.h"
#include "runtime/comm/topology.h"

namespace switchyard {

// A rail is the set of ranks that relay for one another across nodes. The first ranks of every node
// are the relays, as many as the smallest node has ranks; a rank belongs to the rail of its index
// within its node, modulo the number of rails. If all nodes have one size, a rail has one rank of
// each node.
struct Rails {
  int num_rails = 1;
  std::unique_ptr<Comm> across;  // this rank's rail, ordered by rank
  std::vector<int> members;      // this rank's rail: its ranks in the expert group
  std::vector<int> rail_of;      // [group]
  struct Relay {
    int member;  // index in `members`
    int node;
  };
  std::vector<Relay> relays;  // this rank's rail, one per node, by index in `members`
};
// Collective over the group.
Rails make_rails(const Topology& topology, Comm& group);

// Index tensors are i32. A crossing is a token on its way to a node. "Relayed" rows are sorted by
// (rank of the node, source in order of the rail, slot) on the relay that sends them, and by
// (relay, source, slot) on the rank that receives them.
struct RelayPlan {
  // On the token's rank.
  Tensor token_of_crossing;                             // [crossings], by (relay, token)
  std::vector<std::int64_t> cross_send, cross_receive;  // crossings by rail member
  Tensor slot_of_return;                     // [slots]: results come back by (relay, rank, slot)
  std::vector<std::int64_t> return_receive;  // slots by rail member

  // On the relay.
  Tensor crossing_of_relayed;             // [relayed]: the received crossing
  Tensor return_of_relayed;               // [relayed]: index in the order (source, rank, slot)
  std::vector<std::int64_t> return_send;  // relayed rows by rail member
  std::vector<std::int64_t> relay_send;   // relayed rows by rank of this node

  // On the experts' rank.
  Tensor received_of_relayed;  // [received]: index in the plan's order of received rows
  std::vector<std::int64_t> relay_receive;  // rows by relay of this node
};

// Collective over this rank's rail: three small exchanges. The tensors live in `arena`.
RelayPlan make_relay_plan(const Topology& topology, const Rails& rails, const Plan& plan,
                          Arena& arena, Stream& stream);

}  // namespace switchyard
