// What `checkpoint list` says of the checkpoints of a run.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/checkpoint/checkpoint.h"

namespace switchyard {

// One object for each: step, attempt, loss, validation_loss, bytes, ranks, written (seconds since
// 1970), folder, health ("complete", "superseded", "unfinished" or "damaged"), problem. What is not
// known is null.
nlohmann::ordered_json describe_checkpoints(const std::vector<CheckpointStatus>& all);

// A table of them, with a line of titles.
std::string checkpoint_table(const nlohmann::ordered_json& described);

}  // namespace switchyard
