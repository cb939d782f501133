// The learning rate as a function of the step: linear warm-up, then the curve of train.schedule.
#pragma once

#include <cstdint>
#include <string>

#include "train/config.h"

namespace switchyard {

// Step 0 already moves: rate(0) = learning_rate / warmup_steps. With p the share of the steps after
// the warm-up that are done, the rate is min + (learning_rate - min) * h:
//   cosine    h = (1 + cos(pi p)) / 2
//   linear    h = 1 - p
//   constant  h = 1
//   wsd       h = 1 until the last decay_steps of the run; with q the share of these that are done,
//             h = 1 - q, or 1 - sqrt(q) (warm-up, stable, decay: MiniCPM, arXiv:2404.06395;
//             1 - sqrt: Haegele et al., arXiv:2405.18392)
// so that all but "constant" would reach min_learning_rate at rate(steps).
double learning_rate_at(const TrainConfig& config, std::int64_t step);

// The number of last steps in which wsd falls; at least 1.
std::int64_t wsd_decay_steps(const TrainConfig& config);

// "40 steps up to 0.001, cosine to 0.0001 at step 1000".
std::string schedule_in_words(const TrainConfig& config);

}  // namespace switchyard
