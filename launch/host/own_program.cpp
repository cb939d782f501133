#include "launch/host/own_program.h"

#include <unistd.h>

#include <string>
#include <system_error>

#include "launch/host/environment.h"

namespace switchyard {

std::filesystem::path own_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

void restart_with_patient_threads(char** argv) {
  if (!environment_variable("GOMP_SPINCOUNT").empty() ||
      !environment_variable("OMP_WAIT_POLICY").empty())
    return;
  set_environment_default("OMP_WAIT_POLICY", "passive");
  execv("/proc/self/exe", argv);  // comes back only without /proc: a slower run, no more
}

std::optional<std::filesystem::path> site_file() {
  if (const std::string path = environment_variable("SWITCHYARD_SITE"); !path.empty()) return path;
  const std::filesystem::path path = environment_variable("HOME") + "/.config/switchyard/site.toml";
  std::error_code unreadable;  // as under `sudo -u`, which leaves HOME another one's
  return std::filesystem::exists(path, unreadable) ? std::optional(path) : std::nullopt;
}

}  // namespace switchyard
