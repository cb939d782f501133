// The table of `switchyard plan`: memory, work, traffic and time of a run, next to what a run
// measured.
#pragma once

#include <optional>
#include <string>

#include "launch/plan/memory_plan.h"
#include "launch/plan/profile.h"
#include "launch/plan/rates.h"

namespace switchyard::plan {

struct RunPlan {
  RunShape shape;
  std::vector<MemoryKind> memory;
  std::vector<PartWork> work;
  Traffic traffic;
  Rates rates;
  double step_seconds() const;  // the sum of the parts
};

RunPlan plan_run(const RunShape& shape, const Rates& rates);

// measured: the profile of a run of this config on the same number of ranks.
std::string plan_report(const RunPlan& plan, const std::optional<Profile>& measured);
nlohmann::json plan_json(const RunPlan& plan);

}  // namespace switchyard::plan
