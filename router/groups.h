// Groups of experts: a token's experts come from few groups (group-limited top-k, DeepSeek-V3,
// arXiv:2412.19437), and a placement keeps each group on one node where it can.
#pragma once

#include <cstdint>
#include <vector>

#include "router/config.h"

namespace switchyard {

int num_groups(const RouterConfig& config);

// Every expert is in one group; experts ascend within a group. Named groups are in the order of
// their names; without names, there are router.groups groups of neighbouring experts. Errors:
// Exit::usage, naming the expert or group.
std::vector<std::vector<int>> expert_groups(const RouterConfig& config, int num_experts);

// The same groups as kernels read them (GateRule): [experts] group by group, and where each group
// begins.
struct GroupMembers {
  explicit GroupMembers(const std::vector<std::vector<int>>& groups);
  std::vector<std::int32_t> experts, begins;
};

}  // namespace switchyard
