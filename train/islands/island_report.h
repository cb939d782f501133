// What islands agreed on, and how far each of them was from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace switchyard {

struct IslandFigures {
  double loss = 0.0;      // mean of its steps since the report before; NaN: it took none
  double distance = 0.0;  // of its weights from what the islands agreed on, before the outer step
  std::int64_t not_finite = 0;  // weights that were left out
  std::int64_t skipped = 0;     // steps that its guard did not take, since the report before
};

struct IslandReport {
  std::int64_t steps_done = 0;
  int fragment = 0, num_fragments = 1;
  double moved = 0.0;      // distance of the anchor from what it was
  double waited = 0.0;     // seconds in which rank 0 waited for the exchange
  std::int64_t bytes = 0;  // that the ranks of an island sent to others, mean over islands
  std::vector<IslandFigures> islands{};
};

// An island drifts if it sent weights that are not finite, or is several times as far from what was
// agreed on as the median of the others. Three islands or more tell which one. Empty: none drifts.
std::vector<int> drifting_islands(const IslandReport& report);
// "island 2 drifts: ...", a sentence for each.
std::string drift_in_words(const IslandReport& report);

}  // namespace switchyard
