// The results of the routing benchmark as a table for a terminal.
#pragma once

#include <string>
#include <vector>

#include "launch/bench/figures/routing_result.h"

namespace switchyard::bench {

class RoutingTable {
 public:
  // What the sweep shows beside times.
  struct About {
    int ranks = 1, nodes = 1;
    bool measured = true;              // or only predicted
    bool model = false, peak = false;  // a prediction beside what was measured; a stated peak
  };

  // columns: names, or "all"; if empty, the most useful that fit in 120 characters: sizes that vary
  // are among them, the others are in the head. Errors: Exit::usage for an unknown name.
  RoutingTable(const std::vector<RoutingCase>& cases, const RoutingSweep& sweep, const About& about,
               const std::vector<std::string>& columns);

  // The lines that explain the columns, and one line per result; each ends with a newline.
  std::string head() const;
  std::string line(const RoutingResult& result) const;

 private:
  std::string notes_;
  std::vector<std::size_t> shown_;  // of all columns, in their order
};

}  // namespace switchyard::bench
