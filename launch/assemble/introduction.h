// What a run's log says of its machine before the first step.
#pragma once

#include <spdlog/logger.h>

#include <string>

#include "train/step/trainer.h"

namespace switchyard {

// Where rank 0 computes: its GPU and how tensors travel, or its threads and where their memory is;
// and what it computes with, where that is not the usual.
void introduce_machine(const TrainConfig& train, const Trainer& trainer,
                       const std::string& transport, Stream& stream, spdlog::logger& log);

}  // namespace switchyard
