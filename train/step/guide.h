// Guides: dense matrices beside those of low rank in the first steps of a run (self-guided
// training, Wei et al., arXiv:2407.09835). They count with a share that falls from 1 to 0.
#pragma once

#include <cstdint>

#include "model/config.h"
#include "runtime/params/params.h"
#include "train/config.h"

namespace switchyard {

// (1 + cos(pi step / train.guide_steps)) / 2, and 0 from train.guide_steps on.
double guide_share_at(const TrainConfig& config, std::int64_t step);

// Whether a model that has done this many steps still has guides.
bool is_guided(const ModelConfig& model, const TrainConfig& config, std::int64_t steps_done);

// Sets how much each guide counts in a step. skips: each layer leaves its guides out with the
// probability 1 - share, by (train.seed, step, layer) alone; its factors then count fully.
void set_guides(Params& params, const TrainConfig& config, std::int64_t step, bool skips);

}  // namespace switchyard
