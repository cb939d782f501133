// StepBalancer: balance inside a step. From the counts of a micro-batch it decides which experts
// get a guest copy on ranks with fewer rows, for that micro-batch alone. No bit of a result changes
// in exact mode: all rows of one (expert, micro-batch) stay together.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "experts/guest_experts.h"
#include "router/config.h"
#include "router/gate/routing.h"
#include "router/plan/serving.h"

namespace switchyard {

// Of one layer and micro-batch. Rows are those of all ranks of the expert group.
struct StepBalanceReport {
  std::int64_t copies = 0;  // guests
  std::int64_t max_rows_before = 0, max_rows = 0, rows = 0;
};

class StepBalancer {
 public:
  // node_of: the node of each rank of the expert group.
  StepBalancer(StepBalance when, std::vector<int> node_of, int num_slots,
               const GuestExperts::Kind& kind)
      : when_(when), node_of_(std::move(node_of)), guests_(num_slots, kind) {}

  struct Balanced {
    Serving serving;
    GuestList guests;
    StepBalanceReport report;
  };
  // Collective over the expert group: gathers the counts of all ranks. The first call with
  // StepBalance::automatic measures what guests cost.
  Balanced serve(const Routing& routing, const GuestExperts::Home& home, Comm& experts,
                 Arena& scratch, Stream& stream);
  GuestExperts& guests() { return guests_; }

 private:
  StepConstraints constraints(const GuestExperts::Home& home, Comm& experts, Arena& scratch,
                              Stream& stream);

  StepBalance when_;
  std::vector<int> node_of_;
  GuestExperts guests_;
  std::optional<StepCosts> costs_;
};

}  // namespace switchyard
