#include "launch/machine/machine_memory.h"

#include <unistd.h>

#include <charconv>
#include <fstream>
#include <optional>

#include "launch/host/environment.h"
#include "launch/machine/control_group.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

// The number behind `name` in a file whose lines are "NAME NUMBER".
std::optional<std::int64_t> value_in(const fs::path& path, const std::string& name) {
  std::ifstream file(path);
  std::string word, rest;
  for (std::int64_t value = 0; file >> word >> value; std::getline(file, rest)) {
    if (word == name) return value;
  }
  return std::nullopt;
}

// What sbatch --mem or --mem-per-cpu allows this job on this node; Slurm counts in MiB.
std::optional<std::int64_t> slurm_bytes() {
  const auto number_of = [](const char* variable) {
    const std::string text = environment_variable(variable);
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  };
  std::int64_t mebibytes = number_of("SLURM_MEM_PER_NODE");
  if (mebibytes == 0) mebibytes = number_of("SLURM_MEM_PER_CPU") * number_of("SLURM_CPUS_ON_NODE");
  return mebibytes > 0 ? std::optional(mebibytes << 20) : std::nullopt;
}

}  // namespace

MemoryLeft memory_left(const fs::path& root) {
  const std::optional<std::int64_t> kibibytes = value_in(root / "proc/meminfo", "MemAvailable:");
  MemoryLeft left{
      kibibytes ? *kibibytes << 10 : std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE),
      "this machine"};
  const auto limit_to = [&](std::optional<std::int64_t> bytes, const std::string& limit) {
    if (bytes && *bytes < left.bytes) left = {*bytes, limit};
  };
  const GroupLimits group = group_limits(root);
  limit_to(group.memory_left, "the control group " + group.memory_from);
  limit_to(slurm_bytes(), "the Slurm job");
  return left;
}

std::int64_t out_of_memory_kills(const fs::path& root) {
  return value_in(root / "proc/vmstat", "oom_kill").value_or(0);
}

}  // namespace switchyard
