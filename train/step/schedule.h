// The learning rate as a function of the step: linear warm-up, then a cosine to the minimum.
#pragma once

#include <cstdint>

#include "train/config.h"

namespace switchyard {

// Step 0 already moves: rate(0) = learning_rate / warmup_steps. rate(steps) would be
// min_learning_rate.
double learning_rate_at(const TrainConfig& config, std::int64_t step);

}  // namespace switchyard
