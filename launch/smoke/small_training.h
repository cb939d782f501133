// A tiny model that is trained within seconds, by this program in other processes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "launch/smoke/smoke.h"

namespace switchyard::smoke {

struct SmallTraining {
  std::vector<Check> checks{};       // "training", and "save and load"
  std::filesystem::path run{};       // that was interrupted, saved and loaded
  std::filesystem::path straight{};  // that was not
};

// Prepares a dataset and trains 24 steps in `folder`: once without a stop, and once stopped after
// 12 and resumed, on two ranks if there is a launcher. The weights must have the same bits.
SmallTraining train_small(const std::filesystem::path& folder,
                          const std::vector<std::string>& launcher);

}  // namespace switchyard::smoke
