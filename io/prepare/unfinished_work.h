// The folder of unfinished work in a dataset, and whose work it is.
#pragma once

#include <filesystem>

#include <nlohmann/json.hpp>

#include "io/prepare/input/inputs.h"
#include "io/prepare/work/config.h"

namespace switchyard::prepare {

inline constexpr const char* work_folder = "work";  // within the dataset

// Leaves the folder as it is if it holds work on this very generation of these files as they are
// now, so that the work goes on. Begins anew if a file has changed since, and says which, or if an
// earlier generation left the folder behind. Errors: Exit::usage for work on other inputs or with
// other options.
void begin_work(const std::filesystem::path& output, const nlohmann::json& options, int generation,
                const Inputs& inputs, const Progress& progress);

}  // namespace switchyard::prepare
