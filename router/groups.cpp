#include "router/groups.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "router/math.h"
#include "runtime/comm/counts.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

std::vector<std::vector<int>> neighbours(int num_experts, int groups) {
  std::vector<std::vector<int>> all(to_index(groups));
  for (int group = 0; group < groups; ++group) {
    const auto begin = group_begin(group, num_experts, groups);
    all[to_index(group)].resize(to_index(group_begin(group + 1, num_experts, groups) - begin));
    std::iota(all[to_index(group)].begin(), all[to_index(group)].end(), static_cast<int>(begin));
  }
  return all;
}

}  // namespace

int num_groups(const RouterConfig& config) {
  return config.group_experts.empty() ? config.groups
                                      : static_cast<int>(config.group_experts.size());
}

std::vector<std::vector<int>> expert_groups(const RouterConfig& config, int num_experts) {
  if (config.group_experts.empty()) return neighbours(num_experts, config.groups);
  std::vector<std::string> group_of(to_index(num_experts));
  std::vector<std::vector<int>> all;
  for (const auto& [name, experts] : config.group_experts) {
    require(!experts.empty(), Exit::usage, "router.group_experts.{} has no experts", name);
    for (const std::int64_t expert : experts) {
      require(expert < num_experts, Exit::usage,
              "router.group_experts.{} names expert {}, but model.num_experts = {}: the last one "
              "is {}",
              name, expert, num_experts, num_experts - 1);
      require(group_of[to_index(expert)].empty(), Exit::usage,
              "router.group_experts names expert {} in {} and in {}: an expert is in one group",
              expert, group_of[to_index(expert)], name);
      group_of[to_index(expert)] = name;
    }
    all.emplace_back(experts.begin(), experts.end());
    std::sort(all.back().begin(), all.back().end());
  }
  const auto left_out = std::find(group_of.begin(), group_of.end(), "");
  require(left_out == group_of.end(), Exit::usage,
          "router.group_experts names no group for expert {}: every expert is in one",
          left_out - group_of.begin());
  return all;
}

GroupMembers::GroupMembers(const std::vector<std::vector<int>>& groups) : begins{0} {
  for (const std::vector<int>& group : groups) {
    experts.insert(experts.end(), group.begin(), group.end());
    begins.push_back(static_cast<std::int32_t>(experts.size()));
  }
}

}  // namespace switchyard
