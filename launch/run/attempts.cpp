#include "launch/run/attempts.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "io/files/durable.h"
#include "launch/host/host_name.h"
#include "launch/host/launcher.h"
#include "launch/host/slurm.h"
#include "launch/machine/machine.h"
#include "launch/run/lease.h"
#include "runtime/error.h"

namespace switchyard {

// Records of older versions have no pid_namespace.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Attempt, number, host, boot_id, pid, process_start,
                                                slurm_job, slurm_restart_count, resumed_from,
                                                started, pid_namespace)

namespace {

namespace fs = std::filesystem;
constexpr std::int64_t max_attempt_bytes = 1 << 16;

fs::path attempt_file(const fs::path& run_directory, int number) {
  return run_directory / "attempts" / fmt::format("{:04}.json", number);
}

int number_of(const fs::path& file) {
  int number = 0;
  std::istringstream(file.stem().string()) >> number;
  return file.extension() == ".json" ? number : 0;
}

// Returns an attempt without an owner if the record stays unreadable: its start died while writing.
Attempt read_attempt(const fs::path& run_directory, int number) {
  for (int tries = 0; tries < 10; ++tries) {
    try {
      Attempt attempt = nlohmann::json::parse(
          durable::read_file(attempt_file(run_directory, number), max_attempt_bytes));
      attempt.number = number;
      return attempt;
    } catch (const nlohmann::json::exception&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  Attempt unknown;
  unknown.number = number;
  return unknown;
}

// Returns field 22 of /proc/PID/stat; 0 if there is no such process, or if it is dead but its
// parent has not waited for it (by its state, field 3). Field 2 is a name in brackets that may hold
// spaces.
std::int64_t start_of_process(std::int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
  std::string state, field;
  fields >> state;
  for (int i = 4; i <= 22; ++i) fields >> field;
  return fields && state != "Z" && state != "X" ? std::stoll(field) : 0;
}

// True if the attempt's process would be in /proc here. The host's name alone does not decide that:
// the containers of a host may share its name, and unnamed hosts do.
bool can_be_seen(const Attempt& attempt) {
  const bool same_namespace =
      attempt.pid_namespace.empty() || attempt.pid_namespace == pid_namespace();
  return attempt.host == host_name() && attempt.boot_id == boot_id() && same_namespace;
}

// How long to wait for the owner. A lease that cannot run out in that time is not waited for,
// except for a moment in which the owner may end in order.
std::chrono::seconds patience_with(const fs::path& run_directory, const Attempt& owner,
                                   std::chrono::seconds patience) {
  constexpr std::chrono::seconds moment{3};
  if (can_be_seen(owner)) return patience;
  const auto age = lease_age(run_directory, owner.number);
  return age && *age + patience < lease_time ? std::min(patience, moment) : patience;
}

std::string why_busy(const fs::path& run_directory, const Attempt& owner) {
  std::string why =
      fmt::format("{} is in use: attempt {}, started {}, is process {} on {}",
                  run_directory.string(), owner.number, owner.started, owner.pid, owner.host);
  if (can_be_seen(owner)) {
    return why + fmt::format(". Wait for it, or end it with `kill {}`", owner.pid);
  }
  return why + fmt::format(
                   ", in a container or machine that this one cannot see into. Wait for it, "
                   "or end it there; if it is dead already, start again in {} s",
                   lease_time.count());
}

}  // namespace

Attempt this_process(int number, const std::string& resumed_from) {
  const SlurmJob job = slurm_job();
  const std::int64_t pid = getpid();
  return {number, host_name(),       boot_id(),    pid,       start_of_process(pid),
          job.id, job.restart_count, resumed_from, utc_now(), pid_namespace()};
}

std::vector<Attempt> all_attempts(const fs::path& run_directory) {
  std::vector<Attempt> attempts;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(run_directory / "attempts", missing)) {
    if (const int number = number_of(entry.path()); number > 0) {
      attempts.push_back(read_attempt(run_directory, number));
    }
  }
  std::sort(attempts.begin(), attempts.end(),
            [](const Attempt& a, const Attempt& b) { return a.number < b.number; });
  return attempts;
}

std::optional<double> first_start(const fs::path& run_directory) {
  for (const Attempt& attempt : all_attempts(run_directory)) {
    if (const std::optional<double> started = seconds_of_utc(attempt.started)) return started;
  }
  return std::nullopt;
}

std::optional<Attempt> newest_attempt(const fs::path& run_directory) {
  int newest = 0;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(run_directory / "attempts", missing)) {
    newest = std::max(newest, number_of(entry.path()));
  }
  if (newest == 0) return std::nullopt;
  return read_attempt(run_directory, newest);
}

bool is_alive(const fs::path& run_directory, const Attempt& attempt, ClockOf clock) {
  if (attempt.process_start == 0) return false;  // an attempt without an owner
  if (can_be_seen(attempt)) return start_of_process(attempt.pid) == attempt.process_start;
  const SlurmJob job = slurm_job();
  const bool requeued = !job.id.empty() && job.id == attempt.slurm_job &&
                        job.restart_count > attempt.slurm_restart_count;
  if (!attempt.slurm_job.empty() && attempt.slurm_job != job.id && job_is_over(attempt.slurm_job)) {
    return false;
  }
  const auto age = lease_age(run_directory, attempt.number, clock);
  return !requeued && age && *age < lease_time;
}

void wait_for_owner(const fs::path& run_directory, std::chrono::seconds patience) {
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    const std::optional<Attempt> owner = newest_attempt(run_directory);
    if (!owner || !is_alive(run_directory, *owner)) return;
    require(
        std::chrono::steady_clock::now() - begin < patience_with(run_directory, *owner, patience),
        Exit::busy, "{}", why_busy(run_directory, *owner));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

Attempt take_attempt(const fs::path& run_directory, const std::string& resumed_from) {
  const std::optional<Attempt> last = newest_attempt(run_directory);
  const Attempt attempt = this_process(last ? last->number + 1 : 1, resumed_from);
  const fs::path file = attempt_file(run_directory, attempt.number);
  durable::make_folders(file.parent_path());
  require(durable::create_file(file, nlohmann::json(attempt).dump(2) + "\n"), Exit::busy,
          "another process has just started attempt {} of {}", attempt.number,
          run_directory.string());
  return attempt;
}

}  // namespace switchyard
