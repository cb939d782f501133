// Hops: the way of a plan's rows when a token crosses to a node once, however many of its experts
// live there, and a relay there hands a copy to each expert's rank.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/comm/topology.h"
#include "runtime/tensor.h"

namespace switchyard {

struct Plan;

// Ranks of a rail relay for one another across nodes: the first ranks of every node are the relays,
// as many as the smallest node has, and a rank belongs to the rail of its index within its node,
// wrapped around. With nodes of one size, a rail has one rank of each node.
struct Rails {
  int num_rails = 1;
  std::unique_ptr<Comm> across;  // my rail, ordered by rank
  std::vector<int> members;      // of my rail: their ranks in the expert group
  std::vector<int> rail_of;      // [group]
  struct Relay {
    int member;  // its place in `members`
    int node;
  };
  std::vector<Relay> relays;  // of my rail, one per node, by place
};
// Collective over the group.
Rails make_rails(const Topology& topology, Comm& group);

// Index tensors i32. A crossing is a token on its way to a node. "Relayed" rows stand by (rank of
// the node, source in order of the rail, slot) where they are relayed, by (relay, source, slot)
// where they are received. Empty where a plan has none.
struct Hops {
  // At home.
  Tensor token_of_crossing;                             // [crossings], by (relay, token)
  std::vector<std::int64_t> cross_send, cross_receive;  // crossings by rail member
  Tensor slot_of_return;                     // [slots]: returning rows come by (relay, rank, slot)
  std::vector<std::int64_t> return_receive;  // slots by rail member

  // At the relay.
  Tensor crossing_of_relayed;             // [relayed]: the received crossing
  Tensor return_of_relayed;               // [relayed]: place in the order (source, rank, slot)
  std::vector<std::int64_t> return_send;  // relayed rows by rail member
  std::vector<std::int64_t> relay_send;   // relayed rows by rank of my node

  // At the experts.
  Tensor received_of_relayed;  // [received]: place in the plan's order of received rows
  std::vector<std::int64_t> relay_receive;  // rows by relay of my node
};

// Collective over my rail: three small exchanges. Fills plan.hops; its tensors live in `arena`.
void make_hops(const Topology& topology, const Rails& rails, Plan& plan, Arena& arena,
               Stream& stream);

}  // namespace switchyard
