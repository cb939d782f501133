#include "router/exchange/relay_plan.h"

#include <algorithm>

#include "runtime/comm/counts.h"
#include "runtime/device/host_access.h"

namespace switchyard {
namespace {

// What this rank sends to one node: each token once, and for each of the node's slots, by (rank,
// slot), the index of its token among them.
struct NodeLoad {
  std::vector<std::int32_t> tokens, token_of_slot, slots;
  Counts slots_of_rank;
};

NodeLoad load_for(const std::vector<int>& ranks, const Plan& plan,
                  const std::int32_t* token_of_slot, const Counts& slot_begin) {
  NodeLoad load;
  std::vector<std::int32_t> place(to_index(plan.slot_of_choice.rows()), -1);
  for (const int rank : ranks) {
    load.slots_of_rank.push_back(plan.send[to_index(rank)]);
    for (std::int64_t i = 0; i < plan.send[to_index(rank)]; ++i) {
      const std::int64_t slot = slot_begin[to_index(rank)] + i;
      load.slots.push_back(static_cast<std::int32_t>(slot));
      place[to_index(token_of_slot[slot])] = 0;
    }
  }
  for (std::size_t token = 0; token < place.size(); ++token) {
    if (place[token] < 0) continue;
    place[token] = static_cast<std::int32_t>(load.tokens.size());
    load.tokens.push_back(static_cast<std::int32_t>(token));
  }
  for (const std::int32_t slot : load.slots)
    load.token_of_slot.push_back(place[to_index(token_of_slot[slot])]);
  return load;
}

template <class T>
std::vector<T> exchange_values(Comm& comm, const std::vector<T>& in, const Counts& send,
                               const Counts& receive, Stream& stream) {
  std::vector<T> out(to_index(total_of(receive)));
  comm.all_to_all_rows(tensor_of(in.data(), {std::ssize(in), 1}), send,
                       tensor_of(out.data(), {std::ssize(out), 1}), receive, stream);
  return out;
}

Tensor kept(const std::vector<std::int32_t>& values, Arena& arena, Stream& stream) {
  HostWrite tensor(arena.take({std::ssize(values)}, DType::i32), stream);
  std::copy(values.begin(), values.end(), tensor.as<std::int32_t>());
  return tensor.send();
}

// What a relay receives: for each source of its rail, crossings and slots by rank of the node.
struct Incoming {
  Counts counts;                            // [sources, 1 + ranks of this node]
  std::vector<std::int32_t> token_of_slot;  // by (source, rank, slot)
};

// loads: in the order of their relays, which is the order of sending.
Incoming exchange_loads(const std::vector<NodeLoad>& loads, const Topology& topology,
                        const Rails& rails, RelayPlan& relay, Stream& stream) {
  const std::size_t members = rails.members.size();
  const int me = rails.across->rank();
  const bool is_relay = std::any_of(rails.relays.begin(), rails.relays.end(),
                                    [&](const Rails::Relay& r) { return r.member == me; });
  const std::int64_t width = 1 + topology.node->size();
  Counts counts, count_send(members, 0), count_receive(members, is_relay ? width : 0);
  std::vector<std::int32_t> token_of_slot;
  relay.cross_send.assign(members, 0);
  relay.return_receive.assign(members, 0);
  for (std::size_t i = 0; i < loads.size(); ++i) {
    const NodeLoad& load = loads[i];
    const std::size_t to = to_index(rails.relays[i].member);
    counts.push_back(std::ssize(load.tokens));
    counts.insert(counts.end(), load.slots_of_rank.begin(), load.slots_of_rank.end());
    count_send[to] = 1 + std::ssize(load.slots_of_rank);
    relay.cross_send[to] = std::ssize(load.tokens);
    relay.return_receive[to] = std::ssize(load.slots);
    token_of_slot.insert(token_of_slot.end(), load.token_of_slot.begin(), load.token_of_slot.end());
  }
  Incoming incoming;
  incoming.counts = exchange_values(*rails.across, counts, count_send, count_receive, stream);
  relay.cross_receive.assign(members, 0);
  relay.return_send.assign(members, 0);
  for (std::size_t i = 0; i < incoming.counts.size(); ++i) {
    const std::size_t source = i / to_index(width);
    (i % to_index(width) == 0 ? relay.cross_receive : relay.return_send)[source] +=
        incoming.counts[i];
  }
  incoming.token_of_slot = exchange_values(*rails.across, token_of_slot, relay.return_receive,
                                           relay.return_send, stream);
  return incoming;
}

// Sorts the relay's rows by (rank, source, slot), from the order (source, rank, slot).
void make_relayed(const Incoming& incoming, int node_size, RelayPlan& relay, Arena& arena,
                  Stream& stream) {
  const std::size_t width = 1 + to_index(node_size), sources = incoming.counts.size() / width;
  const Counts crossing_begin = begins_of(relay.cross_receive),
               return_begin = begins_of(relay.return_send);
  std::vector<std::int32_t> crossing, place;
  relay.relay_send.assign(to_index(node_size), 0);
  Counts done = return_begin;
  for (std::size_t rank = 0; rank < to_index(node_size); ++rank) {
    for (std::size_t source = 0; source < sources; ++source) {
      const std::int64_t rows = incoming.counts[source * width + 1 + rank];
      relay.relay_send[rank] += rows;
      for (std::int64_t i = 0; i < rows; ++i) {
        const std::int64_t from = done[source]++;
        place.push_back(static_cast<std::int32_t>(from));
        crossing.push_back(static_cast<std::int32_t>(crossing_begin[source] +
                                                     incoming.token_of_slot[to_index(from)]));
      }
    }
  }
  relay.crossing_of_relayed = kept(crossing, arena, stream);
  relay.return_of_relayed = kept(place, arena, stream);
}

// Sorts the received rows by (relay, source, slot), as indices in the order (source, slot).
void make_received(const Rails& rails, int node_size, const Plan& plan, RelayPlan& relay,
                   Arena& arena, Stream& stream) {
  const Counts begin = begins_of(plan.receive);
  std::vector<std::int32_t> received;
  relay.relay_receive.assign(to_index(node_size), 0);
  for (int rail = 0; rail < rails.num_rails; ++rail) {
    for (std::size_t source = 0; source < plan.receive.size(); ++source) {
      if (rails.rail_of[source] != rail) continue;
      relay.relay_receive[to_index(rail)] += plan.receive[source];
      for (std::int64_t i = 0; i < plan.receive[source]; ++i)
        received.push_back(static_cast<std::int32_t>(begin[source] + i));
    }
  }
  relay.received_of_relayed = kept(received, arena, stream);
}

}  // namespace

Rails make_rails(const Topology& topology, Comm& group) {
  Rails rails;
  rails.num_rails = topology.smallest_node();
  rails.rail_of.resize(topology.node_of.size());
  for (const std::vector<int>& ranks : topology.ranks) {
    for (std::size_t i = 0; i < ranks.size(); ++i)
      rails.rail_of[to_index(ranks[i])] = static_cast<int>(i) % rails.num_rails;
  }
  const int mine = rails.rail_of[to_index(group.rank())];
  for (int rank = 0; rank < group.size(); ++rank) {
    if (rails.rail_of[to_index(rank)] == mine) rails.members.push_back(rank);
  }
  for (int node = 0; node < topology.num_nodes(); ++node) {
    const auto member = std::find(rails.members.begin(), rails.members.end(),
                                  topology.ranks[to_index(node)][to_index(mine)]);
    rails.relays.push_back({static_cast<int>(member - rails.members.begin()), node});
  }
  std::sort(rails.relays.begin(), rails.relays.end(),
            [](const Rails::Relay& a, const Rails::Relay& b) { return a.member < b.member; });
  rails.across = group.split(mine, group.rank());
  return rails;
}

RelayPlan make_relay_plan(const Topology& topology, const Rails& rails, const Plan& plan,
                          Arena& arena, Stream& stream) {
  RelayPlan relay;
  const Counts slot_begin = begins_of(plan.send);
  std::vector<NodeLoad> loads;
  std::vector<std::int32_t> tokens, slots;
  const HostRead token_of_slot(plan.token_of_slot, stream);
  for (const Rails::Relay& target : rails.relays) {
    loads.push_back(load_for(topology.ranks[to_index(target.node)], plan,
                             token_of_slot.as<std::int32_t>(), slot_begin));
    tokens.insert(tokens.end(), loads.back().tokens.begin(), loads.back().tokens.end());
    slots.insert(slots.end(), loads.back().slots.begin(), loads.back().slots.end());
  }
  relay.token_of_crossing = kept(tokens, arena, stream);
  relay.slot_of_return = kept(slots, arena, stream);
  const Incoming incoming = exchange_loads(loads, topology, rails, relay, stream);
  make_relayed(incoming, topology.node->size(), relay, arena, stream);
  make_received(rails, topology.node->size(), plan, relay, arena, stream);
  return relay;
}

}  // namespace switchyard
