// ExpectedLoad: the average routing of a workload, computed without drawing a token, for clusters
// of more ranks than could be drawn for.
#pragma once

#include <vector>

#include "experts/placement.h"
#include "router/exchange/workload.h"

namespace switchyard::bench {

class ExpectedLoad {
 public:
  ExpectedLoad(const Workload& workload, const WorkloadShape& shape);

  // The share of the tokens that visit an expert; the shares add up to k. Tokens that draw experts
  // with unequal shares, without repeating one, are modelled as if each expert rang after an
  // exponential time and the first k to ring were taken (exact for k = 1 and for equal shares).
  double visits(int expert) const { return visits_[static_cast<std::size_t>(expert)]; }
  // The share of the tokens that visit at least one of `experts`, which are distinct. For unequal
  // shares and k > 1 it assumes that experts are visited independently: within about 0.06.
  double visits_any(const std::vector<int>& experts) const;

 private:
  bool balanced_;
  int top_k_;
  std::vector<double> visits_;  // [experts]
};

}  // namespace switchyard::bench
