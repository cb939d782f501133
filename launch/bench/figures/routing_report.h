// The results of the routing benchmark as CSV and JSON.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "launch/bench/figures/routing_result.h"

namespace switchyard::bench {

// What else a report records.
struct BenchSettings {
  bool measured = true;  // or predicted
  std::string device = "cpu";
  int threads = 1;
  std::string command, program, host, date;
};

// docs/benchmark-routing.md lists the columns.
std::string routing_csv_head();
std::string routing_csv_line(const RoutingResult& result);

// {"kind": "routing benchmark", "version": 2, ...}.
nlohmann::ordered_json routing_json(const std::vector<RoutingResult>& results,
                                    const RoutingSweep& sweep, const BenchSettings& settings);

// The settings that change what the result of a case means, besides its name: results with other
// ones are not compared.
nlohmann::ordered_json settings_of(const RoutingCase& what, const RoutingSweep& sweep,
                                   const BenchSettings& settings);

}  // namespace switchyard::bench
