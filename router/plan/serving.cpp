#include "router/plan/serving.h"

#include <algorithm>

namespace switchyard {

Serving serving_by(const Placement& placement, int rank) {
  Serving serving;
  for (int of = 0; of < placement.num_ranks(); ++of)
    serving.hosted.push_back(placement.num_hosted(of));
  for (int expert = 0; expert < placement.num_experts(); ++expert)
    serving.copy.push_back(placement.replica_for(expert, rank));
  return serving;
}

Serving serving_by(const Placement& placement, const StepPlacement& step,
                   std::span<const std::int64_t> rows, int rank) {
  const int num_ranks = placement.num_ranks(), num_experts = placement.num_experts();
  std::vector<std::vector<int>> experts(to_index(num_ranks));  // by slot
  for (int of = 0; of < num_ranks; ++of) {
    const std::span<const int> own = placement.hosted(of);
    experts[to_index(of)].assign(own.begin(), own.end());
  }
  for (const Visit& visit : step.visits) experts[to_index(visit.rank)].push_back(visit.expert);

  Serving serving;
  for (const std::vector<int>& of_rank : experts) serving.hosted.push_back(std::ssize(of_rank));
  const Counts first = begins_of(serving.hosted);
  const auto server = [&](int source, int expert) {
    return step.server[to_index(std::int64_t{source} * num_experts + expert)];
  };
  for (int expert = 0; expert < num_experts; ++expert) {
    const int by = server(rank, expert);
    const std::vector<int>& slots = experts[to_index(by)];
    const auto slot = std::find(slots.begin(), slots.end(), expert) - slots.begin();
    serving.copy.push_back(static_cast<std::int32_t>(first[to_index(by)] + slot));
  }
  serving.incoming.emplace();
  for (int source = 0; source < num_ranks; ++source)
    for (const int expert : experts[to_index(rank)])
      serving.incoming->push_back(server(source, expert) == rank
                                      ? rows[to_index(std::int64_t{source} * num_experts + expert)]
                                      : 0);
  return serving;
}

}  // namespace switchyard
