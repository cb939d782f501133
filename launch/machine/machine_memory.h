// The memory that this machine has left for the processes of a job.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace switchyard {

struct MemoryLeft {
  std::int64_t bytes = 0;
  std::string limit;  // what sets it: "this machine", "the control group FOLDER", "the Slurm job"
};

// The least of what the machine, this process's control groups and its Slurm job have left. root:
// the folder that proc and sys are in, which only tests change.
MemoryLeft memory_left(const std::filesystem::path& root = "/");

// Returns how many processes the kernel has killed since it started because memory ran out; 0 if
// the system does not say.
std::int64_t out_of_memory_kills(const std::filesystem::path& root = "/");

}  // namespace switchyard
