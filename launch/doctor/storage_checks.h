// Checks the file system of a run directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "launch/doctor/finding.h"

namespace switchyard::doctor {

// Checks its type, its free space, and whether it locks, syncs and renames, which is tried in a
// temporary folder. If `run` does not exist, the nearest existing folder above it is checked.
std::vector<Finding> check_storage(const std::filesystem::path& run);

// magic: f_type of statfs(2).
Finding judge_file_system(std::uint64_t magic, const std::string& folder);
Finding judge_space(std::int64_t free_bytes);
Finding judge_lock(bool second_holder_refused);

}  // namespace switchyard::doctor
