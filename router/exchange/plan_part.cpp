#include "router/exchange/plan_part.h"

#include <algorithm>
#include <numeric>

namespace switchyard {

PlanPart whole_part(const Plan& plan, int my_rank) {
  return {plan, my_rank, begins_of(plan.send), plan.send, begins_of(plan.receive), plan.receive};
}

PlanPart part_of_ranks(const Plan& plan, int my_rank, const std::vector<bool>& of_part) {
  PlanPart part = whole_part(plan, my_rank);
  for (std::size_t rank = 0; rank < of_part.size(); ++rank) {
    if (!of_part[rank]) part.send[rank] = part.receive[rank] = 0;
  }
  return part;
}

PlanPart part_of_chunk(const Plan& plan, int my_rank, int chunk, int num_chunks) {
  PlanPart part = whole_part(plan, my_rank);
  const std::size_t num_ranks = plan.send.size();
  const Counts slot_begin = begins_of(plan.outgoing), copy_begin = begins_of(plan.hosted);
  const auto first_of = [&](std::int64_t hosted, int number) {
    return hosted * number / num_chunks;
  };
  for (std::size_t rank = 0; rank < num_ranks; ++rank) {
    const std::int64_t first = copy_begin[rank] + first_of(plan.hosted[rank], chunk);
    const std::int64_t end = copy_begin[rank] + first_of(plan.hosted[rank], chunk + 1);
    part.send[rank] = std::accumulate(plan.outgoing.begin() + first, plan.outgoing.begin() + end,
                                      std::int64_t{0});
    if (first < end) part.slot_begin[rank] = slot_begin[to_index(first)];
  }
  const std::int64_t mine = std::ssize(plan.segments) / std::ssize(plan.send);
  const std::int64_t first = first_of(mine, chunk), end = first_of(mine, chunk + 1);
  std::fill(part.receive.begin(), part.receive.end(), 0);
  for (std::int64_t slot = 0; slot < end; ++slot) {
    for (std::size_t source = 0; source < num_ranks; ++source) {
      const std::int64_t rows = plan.segments[to_index(slot) * num_ranks + source].rows;
      (slot < first ? part.received_begin : part.receive)[source] += rows;
    }
  }
  return part;
}

}  // namespace switchyard
