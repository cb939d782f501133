// How evenly a layer's experts were used.
#pragma once

#include <cstdint>
#include <span>

#include "train/step_report.h"

namespace switchyard {

// counts: (token, choice) pairs per expert.
LayerLoad load_of(int layer, std::span<const std::int64_t> counts);

}  // namespace switchyard
