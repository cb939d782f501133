// PlanPart: some of a plan's rows, those for some ranks or some experts of every rank.
#pragma once

#include <vector>

#include "router/plan/plan.h"
#include "runtime/comm/counts.h"

namespace switchyard {

// For each rank of the group, a range of this rank's slots for it and of the rows it sends.
struct PlanPart {
  const Plan& plan;
  int my_rank;
  Counts slot_begin, send;         // on the tokens' rank
  Counts received_begin, receive;  // on the experts' rank
};

PlanPart whole_part(const Plan& plan, int my_rank);
// Rows to and from the ranks that `of_part` names.
PlanPart part_of_ranks(const Plan& plan, int my_rank, const std::vector<bool>& of_part);
// Rows of the chunk's share of every rank's experts: chunk i of n holds the experts [h i / n,
// h (i + 1) / n) of the h that a rank hosts.
PlanPart part_of_chunk(const Plan& plan, int my_rank, int chunk, int num_chunks);

}  // namespace switchyard
