// Compares what a node offers with what runs need. Each check asks the system, and then a pure
// function judges the answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "launch/doctor/finding.h"

namespace switchyard::doctor {

// Checks cores, /dev/shm, limits, huge pages, cross-memory attach, host name and GPUs of this
// process, which are those of a rank that it would start.
std::vector<Finding> check_node();

Finding judge_cores(int allowed, int online, std::optional<double> quota);  // quota: in CPUs
Finding judge_shared_memory(std::int64_t bytes);                            // the size of /dev/shm
// Soft limits; std::nullopt: unlimited.
Finding judge_open_files(std::optional<std::int64_t> limit);
Finding judge_locked_memory(std::optional<std::int64_t> bytes);
Finding judge_core_dumps(std::optional<std::int64_t> bytes);
// setting: the line in the kernel's file, such as "always [madvise] never"; empty: no such file.
Finding judge_huge_pages(const std::string& setting);
Finding judge_shared_huge_pages(const std::string& setting);  // for memory that ranks share
// error: errno after a process read the memory of another one; 0: it worked.
Finding judge_memory_attach(int error);
// resolves: the system finds an address for this machine's name.
Finding judge_host_name(const std::string& name, bool resolves);
// usable: as many as CUDA finds; std::nullopt: this program was built without it.
Finding judge_gpus(int count, std::optional<int> usable);

}  // namespace switchyard::doctor
