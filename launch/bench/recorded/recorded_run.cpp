#include "launch/bench/recorded/recorded_run.h"

#include <algorithm>
#include <tuple>

#include "router/math.h"
#include "runtime/comm/counts.h"

namespace switchyard::bench {

RecordedRun::RecordedRun(const std::filesystem::path& folder) : log_(folder), folder_(folder) {
  std::vector<RoutingKey> keys = log_.keys();
  require(!keys.empty(), Exit::data, "{} holds no complete record", folder.string());
  std::sort(keys.begin(), keys.end(), [](const RoutingKey& a, const RoutingKey& b) {
    return std::tie(a.step, a.layer, a.micro_batch) < std::tie(b.step, b.layer, b.micro_batch);
  });
  shape_ = log_.shape_of(keys.front());
  for (const RoutingKey& key : keys) {
    const RoutingShape shape = log_.shape_of(key);
    require(
        shape == shape_, Exit::data,
        "{}: {} tokens with {} choices in step {}, but {} with {} in step {}: a benchmark needs "
        "records of one shape",
        folder.string(), shape_.tokens, shape_.choices, keys.front().step, shape.tokens,
        shape.choices, key.step);
    const bool same_round = !rounds_.empty() && rounds_.back().back().step == key.step &&
                            rounds_.back().back().layer == key.layer;
    if (!same_round) rounds_.emplace_back();
    rounds_.back().push_back(key);
  }
}

DrawnRouting RecordedRun::draw(int rank, int num_ranks, std::int64_t iteration, std::int64_t tokens,
                               int num_experts) const {
  const std::vector<RoutingKey>& first = rounds_.front();
  const std::int64_t turns = (std::ssize(first) + num_ranks - 1) / num_ranks;
  const std::vector<RoutingKey>& round = rounds_[to_index(iteration / turns % std::ssize(rounds_))];
  const RoutingKey& key =
      round[to_index((iteration % turns * num_ranks + rank) % std::ssize(round))];
  std::vector<std::int32_t> experts(to_index(shape_.tokens * std::int64_t{shape_.choices}));
  log_.read(key, shape_, experts);
  experts.resize(to_index(std::min(tokens, this->tokens()) * shape_.choices));
  for (const std::int32_t choice : experts) {
    require(expert_of(choice) < num_experts, Exit::usage,
            "{} chose expert {} in step {}: set --experts to the number of experts of the run",
            folder_.string(), expert_of(choice), key.step);
  }
  return {std::move(experts), shape_.choices, num_experts};
}

}  // namespace switchyard::bench
