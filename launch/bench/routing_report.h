// The results of the routing benchmark as text, CSV, JSON and a picture.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "launch/bench/routing_case.h"

namespace switchyard::bench {

// Lines that say what the columns are, and one line per result; each ends with a newline.
std::string routing_table_head();
std::string routing_table_line(const RoutingResult& result);

// docs/benchmark-routing.md lists the columns.
std::string routing_csv_head();
std::string routing_csv_line(const RoutingResult& result);

// {"kind": "routing benchmark", "version": 1, ...}.
nlohmann::ordered_json routing_json(const std::vector<RoutingResult>& results,
                                    const std::string& program_version);

// Both files' cases that differ by more than their noise, one line each, and how many are the same.
// old: what routing_json gave. Errors: Exit::data for anything else.
std::string compare_routing(const nlohmann::ordered_json& old,
                            const std::vector<RoutingResult>& results);

}  // namespace switchyard::bench
