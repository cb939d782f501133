#include "experts/placement.h"

#include <algorithm>

#include "runtime/error.h"

namespace switchyard {

Placement::Placement(int num_experts, int num_ranks)
    : num_experts_(num_experts), num_ranks_(num_ranks) {
  require(num_experts >= 1 && num_ranks >= 1, "placing {} experts on {} ranks", num_experts,
          num_ranks);
}

int Placement::first_expert(int rank) const {
  return rank * (num_experts_ / num_ranks_) + std::min(rank, num_experts_ % num_ranks_);
}

int Placement::num_hosted(int rank) const { return first_expert(rank + 1) - first_expert(rank); }

int Placement::host(int expert) const {
  require(expert >= 0 && expert < num_experts_, "expert {} of {}", expert, num_experts_);
  const int each = num_experts_ / num_ranks_, with_one_more = num_experts_ % num_ranks_;
  const int in_larger = with_one_more * (each + 1);
  return expert < in_larger ? expert / (each + 1) : with_one_more + (expert - in_larger) / each;
}

}  // namespace switchyard
