// The limits that control groups (cgroup v1 and v2) put on this process: what a container, Slurm or
// systemd allows it, which neither the number of cores nor the free memory of the machine shows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace switchyard {

// The tightest of this process's groups and of the groups around them.
struct GroupLimits {
  std::optional<double> cpus;  // a quota: CPU seconds per second; std::nullopt: unlimited
  std::string cpus_from;       // the group's folder, by which processes that share a quota agree
  std::optional<std::int64_t> memory_left;  // bytes that the group can still take
  std::string memory_from;
};

// root: the folder that proc and sys are in, which only tests change. A file that is missing or
// unreadable limits nothing.
GroupLimits group_limits(const std::filesystem::path& root = "/");

}  // namespace switchyard
