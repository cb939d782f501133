// What a plan assumes because it was not measured.
#pragma once

#include <string>
#include <vector>

#include "launch/plan/rates.h"

namespace switchyard::plan {

// The sizes that the rates of a run depend on, for RatesOrigin.
std::map<std::string, std::string> sizes_of_rates(const Config& config, const RunShape& shape);

// True if the rates of exchange, reduce and gather were not measured between as many nodes as the
// run has, or on one rank, which has no peer.
bool assumes_network(const RunShape& shape, const Rates& rates);
// True if the plan assumes the rate of this part of a step.
bool assumes_part(const std::string& part, const RunShape& shape, const Rates& rates);

// Lines for the user. sizes: those of the run.
std::vector<std::string> assumptions(const RunShape& shape, const Rates& rates,
                                     const std::map<std::string, std::string>& sizes);

}  // namespace switchyard::plan
