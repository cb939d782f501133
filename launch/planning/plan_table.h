// The plans of one config with several numbers of experts, as one table.
#pragma once

#include <string>
#include <vector>

#include "launch/planning/plan_report.h"

namespace switchyard::plan {

// A line for each plan, and below them what the plans assume. node_bytes: marks what does not fit;
// 0: nothing is marked.
std::string plan_table(const std::vector<RunPlan>& plans, std::int64_t node_bytes);
nlohmann::ordered_json table_json(const std::vector<RunPlan>& plans);

}  // namespace switchyard::plan
