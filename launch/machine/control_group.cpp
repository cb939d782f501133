#include "launch/machine/control_group.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t unlimited = std::int64_t{1} << 60;  // v1 prints a huge number instead

bool lists(const std::string& comma_separated, const std::string& name) {
  return ("," + comma_separated + ",").find("," + name + ",") != std::string::npos;
}

// A hierarchy of groups as this process sees it.
struct Hierarchy {
  fs::path mounted;  // where the files of its topmost visible group are
  fs::path own;      // the files of this process's group
  bool second = false;
};

// From a line of /proc/self/mountinfo: "32 31 0:29 ROOT FOLDER options - cgroup cgroup rw,cpu".
std::optional<std::pair<Hierarchy, std::string>> mounted_hierarchy(const std::string& line,
                                                                   const std::string& controller) {
  std::istringstream words(line);
  std::string skipped, top, folder, type, source, options;
  words >> skipped >> skipped >> skipped >> top >> folder;
  while (words >> skipped && skipped != "-") {
  }
  words >> type >> source >> options;
  const bool second = type == "cgroup2";
  if (!words || (!second && (type != "cgroup" || !lists(options, controller)))) return std::nullopt;
  return std::pair{Hierarchy{folder, folder, second}, top};
}

// From /proc/self/cgroup, whose lines are "4:cpu,cpuacct:PATH", or "0::PATH" for version 2.
std::string group_path(const fs::path& root, const Hierarchy& hierarchy,
                       const std::string& controller) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (hierarchy.second ? controllers.empty() : lists(controllers, controller))
      return line.substr(second + 1);
  }
  return "/";
}

std::vector<Hierarchy> hierarchies_of(const fs::path& root, const std::string& controller) {
  std::vector<Hierarchy> found;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    auto mounted = mounted_hierarchy(line, controller);
    if (!mounted) continue;
    auto& [hierarchy, top] = *mounted;
    std::string path = group_path(root, hierarchy, controller);
    if (top != "/" && path.starts_with(top)) path.erase(0, top.size());
    hierarchy.mounted = root / hierarchy.mounted.relative_path();
    const fs::path own = hierarchy.mounted / fs::path(path).relative_path();
    std::error_code ignored;  // a group outside what this container sees shows only the top
    const bool visible = path.find("..") == std::string::npos && fs::is_directory(own, ignored);
    hierarchy.own = (visible ? own : hierarchy.mounted).lexically_normal();
    found.push_back(hierarchy);
  }
  return found;
}

// The numbers of a line such as "50000 100000"; "max" and whatever else is no number is -1.
std::vector<std::int64_t> numbers_in(const fs::path& file) {
  std::vector<std::int64_t> numbers;
  std::ifstream stream(file);
  for (std::string word; stream >> word;) {
    const bool digits = word.find_first_not_of("0123456789") == word.npos && word.size() < 20;
    numbers.push_back(digits ? static_cast<std::int64_t>(std::stoull(word)) : -1);
  }
  return numbers;
}

std::int64_t number_in(const fs::path& file) {
  const std::vector<std::int64_t> numbers = numbers_in(file);
  return numbers.size() == 1 ? numbers[0] : -1;
}

std::optional<double> cpu_quota(const fs::path& group, bool second) {
  const std::vector<std::int64_t> both = second
                                             ? numbers_in(group / "cpu.max")
                                             : std::vector{number_in(group / "cpu.cfs_quota_us"),
                                                           number_in(group / "cpu.cfs_period_us")};
  if (both.size() != 2 || both[0] <= 0 || both[1] <= 0) return std::nullopt;
  return static_cast<double>(both[0]) / static_cast<double>(both[1]);
}

// Bytes of cached files, which the kernel gives up before the group runs out.
std::int64_t cached_bytes(const fs::path& group, const std::string& prefix) {
  std::int64_t bytes = 0;
  std::ifstream file(group / "memory.stat");
  std::string name;
  for (std::int64_t value = 0; file >> name >> value;) {
    if (name == prefix + "inactive_file" || name == prefix + "active_file") bytes += value;
  }
  return bytes;
}

std::optional<std::int64_t> memory_left(const fs::path& group, bool second) {
  const std::int64_t limit = number_in(group / (second ? "memory.max" : "memory.limit_in_bytes"));
  const std::int64_t used =
      number_in(group / (second ? "memory.current" : "memory.usage_in_bytes"));
  if (limit < 0 || limit >= unlimited || used < 0) return std::nullopt;
  const std::int64_t cached = std::min(used, cached_bytes(group, second ? "" : "total_"));
  return std::max<std::int64_t>(0, limit - (used - cached));
}

// The smallest limit of the groups from a process's own to the topmost one.
template <class Value>
void tighten(const fs::path& root, const std::string& controller,
             std::optional<Value> limit_of(const fs::path&, bool), std::optional<Value>& limit,
             std::string& from) {
  for (const Hierarchy& hierarchy : hierarchies_of(root, controller)) {
    for (fs::path group = hierarchy.own;; group = group.parent_path()) {
      const std::optional<Value> here = limit_of(group, hierarchy.second);
      if (here && (!limit || *here < *limit)) {
        limit = here;
        from = group.string();
      }
      if (group == hierarchy.mounted || group == group.parent_path()) break;
    }
  }
}

}  // namespace

GroupLimits group_limits(const fs::path& root) {
  GroupLimits limits;
  tighten(root, "cpu", cpu_quota, limits.cpus, limits.cpus_from);
  tighten(root, "memory", memory_left, limits.memory_left, limits.memory_from);
  return limits;
}

}  // namespace switchyard
