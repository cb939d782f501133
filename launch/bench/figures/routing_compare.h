// Compares results of the routing benchmark with an older report.
#pragma once

#include <string>
#include <vector>

#include "launch/bench/figures/routing_report.h"

namespace switchyard::bench {

// Returns one line for each case that differs from `old` by more than noise or that cannot be
// compared, and counts of the others. A case differs if its median and its fastest tenth moved the
// same way by more than 5 %, the median also by more than the repeats of both runs differ among
// themselves, and no median of a repeat lies between those of the other run. old: what routing_json
// returned. Errors: Exit::data for anything else.
std::string compare_routing(const nlohmann::ordered_json& old,
                            const std::vector<RoutingResult>& results, const RoutingSweep& sweep,
                            const BenchSettings& settings);

}  // namespace switchyard::bench
