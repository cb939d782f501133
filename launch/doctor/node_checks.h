// What a node offers, beside what runs want. Each check asks the system and then judges by a pure
// function of the answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "launch/doctor/finding.h"

namespace switchyard::doctor {

// Cores, /dev/shm, limits, huge pages, cross-memory attach, GPUs: of this process, as a rank that
// was started from here would have them.
std::vector<Finding> check_node();

Finding judge_cores(int allowed, int online);
Finding judge_shared_memory(std::int64_t bytes);  // all of /dev/shm
// Soft limits; nothing: unlimited.
Finding judge_open_files(std::optional<std::int64_t> limit);
Finding judge_locked_memory(std::optional<std::int64_t> bytes);
Finding judge_core_dumps(std::optional<std::int64_t> bytes);
// setting: what the kernel's file says, "always [madvise] never"; empty: there is none.
Finding judge_huge_pages(const std::string& setting);
Finding judge_shared_huge_pages(const std::string& setting);  // of memory that ranks share
// error: errno of a sibling's read of another process's memory; 0: it worked.
Finding judge_memory_attach(int error);
Finding judge_gpus(int count);

}  // namespace switchyard::doctor
