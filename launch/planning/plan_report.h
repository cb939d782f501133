// The table of `switchyard plan`: memory, work, traffic and time of a run, next to what a run
// measured.
#pragma once

#include <optional>
#include <string>

#include "launch/plan/gpu_roofline.h"
#include "launch/plan/memory_plan.h"
#include "launch/plan/profile.h"
#include "launch/plan/rates.h"

namespace switchyard::plan {

struct RunPlan {
  RunShape shape;
  Rates rates;
  std::int64_t steps = 0;
  std::int64_t run_sequences = 0;    // of all steps; a step has at most shape.step_tokens
  std::string schedule;              // of the learning rate, in words
  std::string untimed;               // why there is no time; empty: there is
  bool refused = false;              // the rates cannot be measured here
  std::optional<Roofline> roofline;  // on a GPU, instead of rates
  std::vector<std::string> assumptions;
  std::string exports_as;  // the family of transformers (launch/hugging_face), or why none
  // What counted_plan fills in.
  std::vector<MemoryKind> memory;
  std::vector<PartWork> work;
  Traffic traffic;

  double step_seconds() const;  // the sum of the parts
  double run_seconds() const;   // of all steps, without evaluations and checkpoints
  double run_tokens() const;
  double rank_seconds_per_token() const;
};

RunPlan counted_plan(RunPlan plan);

// measured: the profile of a run of this config on the same number of ranks.
std::string plan_report(const RunPlan& plan, const std::optional<Profile>& measured);
nlohmann::ordered_json plan_json(const RunPlan& plan);

}  // namespace switchyard::plan
