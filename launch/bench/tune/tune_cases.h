// The cases that `bench routing --tune` measures.
#pragma once

#include <string>
#include <vector>

#include "launch/bench/figures/routing_case.h"

namespace switchyard::bench {

struct TuneCase {
  RoutingCase what;
  bool held_out = false;  // predicted, and no part of the fit
};

// Round trips of each exchange: messages alone (rows of a few bytes), rows of several sizes, a hot
// rank and each payload to fit to; other sizes, another skew and other payloads held out. shrink:
// divides the tokens of all but the smallest cases, for slow links.
std::vector<TuneCase> tune_cases(const std::vector<std::string>& exchanges, int top_k, int experts,
                                 int shrink);

}  // namespace switchyard::bench
