#include "launch/supervise/local_ranks.h"

#include <charconv>
#include <fstream>
#include <string>
#include <system_error>

namespace switchyard::supervise {
namespace {

namespace fs = std::filesystem;

// Returns 0 if the folder is not that of a process.
pid_t process_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  pid_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

pid_t parent_of(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string word; status >> word;) {
    if (word != "PPid:") continue;
    pid_t parent = 0;
    status >> parent;
    return parent;
  }
  return 0;
}

bool is_below(pid_t process, pid_t ancestor) {
  while (process > 1 && process != ancestor) process = parent_of(process);
  return process == ancestor;
}

// Returns the number that the launcher gave the process; 0 if none.
int ranks_on_machine(const fs::path& folder) {
  constexpr std::string_view name = "OMPI_COMM_WORLD_LOCAL_SIZE=";
  std::ifstream environment(folder / "environ");
  for (std::string variable; std::getline(environment, variable, '\0');) {
    if (!variable.starts_with(name)) continue;
    int ranks = 0;
    std::from_chars(variable.data() + name.size(), variable.data() + variable.size(), ranks);
    return ranks;
  }
  return 0;
}

}  // namespace

bool misses_a_rank(pid_t launcher, const fs::path& program) {
  int seen = 0, expected = 0;
  std::error_code gone;  // of processes that end meanwhile, or are another user's
  for (fs::directory_iterator entry("/proc", gone), end; entry != end; entry.increment(gone)) {
    const pid_t process = process_of(entry->path());
    if (process == 0 || process == launcher) continue;
    if (fs::read_symlink(entry->path() / "exe", gone) != program) continue;
    if (!is_below(process, launcher)) continue;
    ++seen;
    expected = ranks_on_machine(entry->path());
  }
  return seen < expected;
}

}  // namespace switchyard::supervise
