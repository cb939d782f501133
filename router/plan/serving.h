// Serving: which copies of experts serve the tokens of a rank in a micro-batch.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "experts/step_placement.h"
#include "runtime/comm/counts.h"

namespace switchyard {

// Copies are numbered by rank, then by slot.
struct Serving {
  Counts hosted;                   // [ranks]: copies on each
  std::vector<std::int32_t> copy;  // [experts]: the one that serves this rank
  // [source * hosted + slot]: rows that come to this rank's copies, if that is known before they
  // are sent.
  std::optional<Counts> incoming{};
};

Serving serving_by(const Placement& placement, int rank);
// With guests, whose slots follow those of the rank's own experts. rows: [ranks, experts], what
// `step` was made for.
Serving serving_by(const Placement& placement, const StepPlacement& step,
                   std::span<const std::int64_t> rows, int rank);

}  // namespace switchyard
