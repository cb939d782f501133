#include "launch/doctor/node_checks.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "io/report/report_values.h"
#include "io/text/byte_size.h"
#include "launch/host/host_name.h"
#include "launch/machine/control_group.h"
#include "launch/machine/machine.h"
#include "runtime/device/cuda.h"

namespace switchyard::doctor {
namespace {

namespace fs = std::filesystem;
using Verdict = Finding::Verdict;

constexpr std::int64_t wanted_shared_memory = std::int64_t{1} << 30;
constexpr std::int64_t wanted_open_files = 4096;

std::int64_t shared_memory_bytes() {
  struct statvfs found {};
  if (statvfs("/dev/shm", &found) != 0) return 0;
  return static_cast<std::int64_t>(found.f_blocks * found.f_frsize);
}

std::optional<std::int64_t> soft_limit(decltype(RLIMIT_CORE) which) {
  rlimit limit{};
  if (getrlimit(which, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return static_cast<std::int64_t>(limit.rlim_cur);
}

constexpr const char* huge_page_file = "/sys/kernel/mm/transparent_hugepage/enabled";
constexpr const char* shared_huge_page_file = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";

std::string first_line_of(const char* file) {
  std::string line;
  std::getline(std::ifstream(file), line);
  return line;
}

// From "always [madvise] never" returns "madvise".
std::string chosen_of(const std::string& setting) {
  const std::size_t open = setting.find('['), close = setting.find(']');
  const bool known = open != std::string::npos && close != std::string::npos && open < close;
  return known ? setting.substr(open + 1, close - open - 1) : "not available";
}

// A child reads the memory of its parent: like the ranks of a node, neither is the other's
// debugger.
int try_memory_attach() {
  const int secret = 42;
  const pid_t parent = getpid(), child = fork();
  if (child < 0) return errno;
  if (child == 0) {
    int copy = 0;
    iovec mine{&copy, sizeof copy}, theirs{const_cast<int*>(&secret), sizeof secret};
    const bool read = process_vm_readv(parent, &mine, 1, &theirs, 1, 0) == sizeof copy;
    _exit(read && copy == secret ? 0 : errno);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
}

std::optional<int> num_usable_gpus() {
  return cuda::is_built_in() ? std::optional(Device::num_cuda()) : std::nullopt;
}

int num_gpu_files() {
  int count = 0;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/dev", ignored)) {
    const std::string name = entry.path().filename().string();
    count += name.starts_with("nvidia") && name.find_first_not_of("0123456789", 6) == name.npos &&
             name.size() > 6;
  }
  return count;
}

}  // namespace

std::vector<Finding> check_node() {
  return {judge_cores(allowed_cores().count, online_cores(), group_limits().cpus),
          judge_shared_memory(shared_memory_bytes()),
          judge_open_files(soft_limit(RLIMIT_NOFILE)),
          judge_locked_memory(soft_limit(RLIMIT_MEMLOCK)),
          judge_core_dumps(soft_limit(RLIMIT_CORE)),
          judge_huge_pages(first_line_of(huge_page_file)),
          judge_shared_huge_pages(first_line_of(shared_huge_page_file)),
          judge_memory_attach(try_memory_attach()),
          judge_host_name(host_name(), has_address(host_name())),
          judge_gpus(num_gpu_files(), num_usable_gpus())};
}

Finding judge_cores(int allowed, int online, std::optional<double> quota) {
  Finding finding{Verdict::ok, "cores", fmt::format("{} of {}", allowed, online), ""};
  if (quota && *quota < allowed) {
    finding.verdict = Verdict::warn;
    finding.found += fmt::format(", with a CPU quota of {:.3g}", *quota);
    finding.advice =
        "a control group lets its processes use no more than the quota: give the container more "
        "(docker --cpus), or leave run.threads = 0, which keeps to it";
  } else if (allowed == 1 && online > 1) {
    finding.verdict = Verdict::warn;
    finding.advice =
        "this process is bound to one core: give each rank more with --cpus-per-rank, srun "
        "--cpus-per-task or mpirun --bind-to none";
  }
  return finding;
}

Finding judge_shared_memory(std::int64_t bytes) {
  Finding finding{Verdict::ok, "shared memory", "/dev/shm has " + bytes_in_words(bytes), ""};
  if (bytes >= wanted_shared_memory) return finding;
  finding.verdict = bytes == 0 ? Verdict::fail : Verdict::warn;
  finding.advice =
      "the ranks of a node exchange rows through it: give a container more (docker "
      "--shm-size=8g), or keep router.exchange = \"flat\"";
  return finding;
}

Finding judge_open_files(std::optional<std::int64_t> limit) {
  Finding finding{Verdict::ok, "open files", limit ? with_commas(*limit) : "unlimited", ""};
  if (limit && *limit < wanted_open_files) {
    finding.verdict = Verdict::warn;
    finding.advice = fmt::format(
        "large datasets and many ranks need more: put `ulimit -n {}` into slurm.setup, or ask the "
        "administrator",
        wanted_open_files);
  }
  return finding;
}

Finding judge_locked_memory(std::optional<std::int64_t> bytes) {
  Finding finding{Verdict::ok, "locked memory", bytes ? bytes_in_words(*bytes) : "unlimited", ""};
  if (bytes && fs::exists("/sys/class/infiniband")) {
    finding.verdict = Verdict::warn;
    finding.advice = "InfiniBand locks memory: put `ulimit -l unlimited` into slurm.setup";
  }
  return finding;
}

Finding judge_core_dumps(std::optional<std::int64_t> bytes) {
  Finding finding{Verdict::ok, "core dumps", bytes ? bytes_in_words(*bytes) : "unlimited", ""};
  if (!bytes) {
    finding.verdict = Verdict::warn;
    finding.advice =
        "a rank that crashes may fill the disk with its memory: use `ulimit -c 0`, unless you need "
        "core dumps";
  }
  return finding;
}

Finding judge_huge_pages(const std::string& setting) {
  Finding finding{Verdict::ok, "huge pages", chosen_of(setting), ""};
  if (finding.found != "always" && finding.found != "madvise") {
    finding.verdict = Verdict::warn;
    finding.advice = fmt::format(
        "exchanges are slower without them; an administrator can write \"madvise\" to {}",
        huge_page_file);
  }
  return finding;
}

Finding judge_shared_huge_pages(const std::string& setting) {
  Finding finding{Verdict::ok, "shared huge pages", chosen_of(setting), ""};
  if (finding.found == "never" || finding.found == "deny" || finding.found == "not available") {
    finding.verdict = Verdict::warn;
    finding.advice = fmt::format(
        "router.exchange = \"shared_memory\" is slower without them; an administrator can write "
        "\"advise\" to {}",
        shared_huge_page_file);
  }
  return finding;
}

Finding judge_memory_attach(int error) {
  Finding finding{Verdict::ok, "memory attach", "ranks can read each other's memory", ""};
  if (error != 0) {
    finding.verdict = Verdict::warn;
    finding.found = fmt::format("refused: {}", std::strerror(error));
    finding.advice =
        "set OMPI_MCA_btl_vader_single_copy_mechanism=none, or allow it (docker "
        "--cap-add=SYS_PTRACE; sysctl kernel.yama.ptrace_scope=0)";
  }
  return finding;
}

Finding judge_host_name(const std::string& name, bool resolves) {
  if (resolves) return {Verdict::ok, "host name", name, ""};
  return {Verdict::warn, "host name",
          name + " does not resolve, and each start of MPI may wait 5 s for a name server",
          fmt::format("add the line `127.0.1.1 {}` to /etc/hosts", name)};
}

Finding judge_gpus(int count, std::optional<int> usable) {
  Finding finding{Verdict::ok, "GPUs",
                  count == 0 ? "none: run.device = \"cpu\"" : fmt::format("{} from NVIDIA", count),
                  ""};
  if (count > usable.value_or(0)) {
    finding.verdict = Verdict::warn;
    finding.advice =
        usable ? fmt::format("CUDA finds {}: check the driver and CUDA_VISIBLE_DEVICES", *usable)
               : "this program was built without CUDA and cannot use them: use switchyard_cuda";
  }
  return finding;
}

}  // namespace switchyard::doctor
