#include "launch/bench/routing_traffic.h"

#include <algorithm>
#include <set>

#include "runtime/comm/counts.h"
#include "runtime/device/host_access.h"

namespace switchyard::bench {
namespace {

// Counts this rank's rows for one node: one for each choice or, with `once`, one for each token.
// token_of_slot: the plan's, on the host.
std::int64_t rows_for_node(const Plan& plan, const std::int32_t* token_of_slot,
                           const std::vector<int>& ranks, bool once) {
  const Counts begin = begins_of(plan.send);
  std::set<std::int32_t> tokens;
  std::int64_t rows = 0;
  for (const int rank : ranks) {
    rows += plan.send[to_index(rank)];
    const std::int32_t* token = token_of_slot + begin[to_index(rank)];
    if (once) tokens.insert(token, token + plan.send[to_index(rank)]);
  }
  return once ? std::ssize(tokens) : rows;
}

// Counts the rows that leave this rank or, with several nodes, this node.
std::int64_t rows_leaving(const Plan& plan, const std::int32_t* token_of_slot,
                          const Topology& topology, int rank, bool once) {
  if (topology.num_nodes() == 1) return plan.num_slots - plan.send[to_index(rank)];
  std::int64_t rows = 0;
  for (int node = 0; node < topology.num_nodes(); ++node) {
    if (node != topology.my_node)
      rows += rows_for_node(plan, token_of_slot, topology.ranks[to_index(node)], once);
  }
  return rows;
}

}  // namespace

RoutingResult result_of(const RoutingCase& what, const Topology& topology, const Comm& world) {
  RoutingResult result;
  result.what = what;
  result.ranks = world.size();
  result.nodes = topology.num_nodes();
  return result;
}

void count_traffic(const Plan& plan, Legs legs, const std::string& exchange, Payload payload,
                   std::int64_t hidden, const Topology& topology, Comm& experts, Stream& stream,
                   RoutingResult& result) {
  const std::int64_t row = payload_row_bytes(payload, hidden);
  const bool once = exchange == "hierarchical";
  const HostRead tokens(plan.token_of_slot, stream);
  const auto* token = tokens.as<std::int32_t>();
  const std::int64_t out = rows_leaving(plan, token, topology, experts.rank(), once);
  const std::int64_t home = rows_leaving(plan, token, topology, experts.rank(), false);
  const std::int64_t back = plan.num_received - plan.receive[to_index(experts.rank())];
  const std::int64_t away = plan.num_slots - plan.send[to_index(experts.rank())];
  const std::int64_t sent = legs.dispatches * away + legs.combines * back;
  const std::int64_t received = legs.dispatches * back + legs.combines * away;
  result.logical_bytes = reduce_one(
      experts, (legs.dispatches + legs.combines) * plan.num_slots * 4 * hidden, Reduce::sum);
  result.wire_bytes =
      reduce_one(experts, (legs.dispatches * out + legs.combines * home) * row, Reduce::sum);
  result.busiest_bytes = reduce_one(experts, std::max(sent, received) * row, Reduce::max);
  result.load.assign(to_index(experts.size()), 0);
  std::int64_t mine = plan.num_received;
  experts.all_gather(tensor_of(&mine, {1}), tensor_of(result.load.data(), {experts.size()}),
                     stream);
}

}  // namespace switchyard::bench
