#include "launch/host/environment.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <initializer_list>
#include <limits>
#include <sstream>

namespace switchyard {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The integer at the start of the first of these variables that has one: "4(x2)" is 4.
int first_integer(std::initializer_list<const char*> names, int fallback) {
  for (const char* name : names) {
    const std::string text = variable(name);
    int value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc())
      return value;
  }
  return fallback;
}

int cores_of(pid_t process) {
  cpu_set_t cores;
  return sched_getaffinity(process, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 0;
}

}  // namespace

std::optional<std::filesystem::path> site_file() {
  if (const std::string path = variable("SWITCHYARD_SITE"); !path.empty()) return path;
  const std::filesystem::path path = variable("HOME") + "/.config/switchyard/site.toml";
  std::error_code unreadable;  // as under `sudo -u`, which leaves HOME another one's
  return std::filesystem::exists(path, unreadable) ? std::optional(path) : std::nullopt;
}

int launched_rank() {
  return first_integer({"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_PROCID"}, 0);
}

int launched_ranks_on_node() {
  return first_integer(
      {"OMPI_COMM_WORLD_LOCAL_SIZE", "SLURM_STEP_TASKS_PER_NODE", "SLURM_NTASKS_PER_NODE"}, 1);
}

void restart_with_patient_threads(char** argv) {
  if (!variable("GOMP_SPINCOUNT").empty() || !variable("OMP_WAIT_POLICY").empty()) return;
  setenv("OMP_WAIT_POLICY", "passive", 0);
  execv("/proc/self/exe", argv);  // comes back only without /proc: a slower run, no more
}

void prepare_mpi_environment() {
  // A launcher binds its ranks, not itself: its cores are the node's.
  const int cores = std::max(cores_of(0), cores_of(getppid()));
  if (launched_ranks_on_node() > cores) setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
}

Cores allowed_cores() {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return {};
  Cores result{"", CPU_COUNT(&cores)};
  for (int i = 0; i < CPU_SETSIZE; ++i) result.mask += CPU_ISSET(i, &cores) ? '1' : '0';
  return result;
}

int slurm_step_tasks() {
  const bool by_mpirun = !variable("OMPI_COMM_WORLD_SIZE").empty();  // which srun may have started
  return by_mpirun ? 0 : first_integer({"SLURM_STEP_NUM_TASKS"}, 0);
}

bool srun_without_pmix() {
  return slurm_step_tasks() > 1 && variable("PMIX_RANK").empty() && variable("PMI_RANK").empty();
}

SlurmJob slurm_job() {
  return {variable("SLURM_JOB_ID"), first_integer({"SLURM_RESTART_COUNT"}, 0)};
}

std::filesystem::path own_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

std::vector<std::string> search_path() {
  std::vector<std::string> folders;
  std::istringstream text(variable("PATH"));
  for (std::string folder; std::getline(text, folder, ':');) folders.push_back(folder);
  return folders;
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown-host";
}

std::string boot_id() {
  std::string id;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), id);
  return id;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

std::optional<double> seconds_of_utc(const std::string& text) {
  std::tm utc{};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return static_cast<double>(timegm(&utc));
}

bool no_color() { return !variable("NO_COLOR").empty(); }
bool stderr_is_terminal() {
  if (variable("TERM") == "dumb") return false;
  if (isatty(STDERR_FILENO) == 1) return true;
  if (variable("OMPI_COMM_WORLD_RANK").empty()) return false;
  // mpirun gives its ranks a pipe and copies what comes out of it to its own stderr.
  const std::string launcher_stderr = "/proc/" + std::to_string(getppid()) + "/fd/2";
  const int descriptor =
      open(launcher_stderr.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  const bool terminal = descriptor >= 0 && isatty(descriptor) == 1;
  if (descriptor >= 0) close(descriptor);
  return terminal;
}

bool stdout_is_terminal() { return variable("TERM") != "dumb" && isatty(STDOUT_FILENO) == 1; }

int terminal_width() {
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : std::numeric_limits<int>::max();
}

}  // namespace switchyard
