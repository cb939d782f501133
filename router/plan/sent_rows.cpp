#include "router/plan/sent_rows.h"

#include "runtime/comm/counts.h"

namespace switchyard {

void add_sent_rows(const Plan& plan, const std::vector<int>& node_of, int rank, SentRows& sum) {
  for (int to = 0; to < static_cast<int>(plan.send.size()); ++to) {
    const bool on_my_node = node_of[to_index(to)] == node_of[to_index(rank)];
    std::int64_t& rows = to == rank ? sum.own_rank : on_my_node ? sum.own_node : sum.other_nodes;
    rows += plan.send[to_index(to)];
  }
}

}  // namespace switchyard
