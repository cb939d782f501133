// How evenly a layer's experts were used.
#pragma once

#include <cstdint>
#include <span>

#include "train/step_report.h"

namespace switchyard {

// counts: (token, choice) pairs per expert, of which `dropped` were dropped for lack of capacity.
LayerLoad load_of(int layer, std::span<const std::int64_t> counts, std::int64_t dropped);

}  // namespace switchyard
