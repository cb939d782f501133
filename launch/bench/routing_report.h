// The results of the routing benchmark as text, CSV and JSON.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "launch/bench/routing_case.h"

namespace switchyard::bench {

// The lines that explain the columns, and one line per result; each ends with a newline.
std::string routing_table_head();
std::string routing_table_line(const RoutingResult& result);

// docs/benchmark-routing.md lists the columns.
std::string routing_csv_head();
std::string routing_csv_line(const RoutingResult& result);

// {"kind": "routing benchmark", "version": 1, ...}.
nlohmann::ordered_json routing_json(const std::vector<RoutingResult>& results,
                                    const std::string& program_version);

// Returns one line for each case that differs from `old` by more than noise, and how many do not.
// old: what routing_json returned. Errors: Exit::data for anything else.
std::string compare_routing(const nlohmann::ordered_json& old,
                            const std::vector<RoutingResult>& results);

}  // namespace switchyard::bench
