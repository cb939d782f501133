// Logs where and how a run computes, before its first step.
#pragma once

#include <spdlog/logger.h>

#include <string>

#include "train/step/trainer.h"

namespace switchyard {

// Logs where rank 0 computes (its GPU and how tensors travel, or its threads and where their memory
// is), and warns if products do not run in the usual way.
void introduce_machine(const TrainConfig& train, const Trainer& trainer,
                       const std::string& transport, Stream& stream, spdlog::logger& log);

// "4 islands: ...", what they exchange and when, in a sentence.
std::string islands_in_words(const IslandsConfig& islands);

}  // namespace switchyard
