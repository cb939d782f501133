// What the file system of a run directory does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "launch/doctor/finding.h"

namespace switchyard::doctor {

// Its type, the space on it, and whether it locks, syncs and renames: tried in a folder of its own,
// which is removed. `run` need not exist; the nearest folder above it that does is looked at.
std::vector<Finding> check_storage(const std::filesystem::path& run);

// magic: of statfs(2).
Finding judge_file_system(std::uint64_t magic, const std::string& folder);
Finding judge_space(std::int64_t free_bytes);
Finding judge_lock(bool second_holder_refused);

}  // namespace switchyard::doctor
