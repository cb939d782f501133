#include "launch/host/slurm.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <sstream>

#include "launch/host/process.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::chrono::seconds slurm_patience{30};

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (char& c : text) c = c == '\n' ? ';' : c;
  return text;
}

std::string sbatch(const std::vector<std::string>& arguments) {
  require(is_in_path("sbatch"), Exit::usage,
          "there is no sbatch in PATH: run `switchyard submit` on a machine that submits to Slurm, "
          "or start the ranks yourself (`switchyard launch --help`)");
  std::vector<std::string> command = {"sbatch"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const Finished finished = run_program(command, slurm_patience);
  require(finished.code == 0, Exit::usage, "sbatch refused: {}", one_line(finished.output));
  return one_line(finished.output);
}

// After a preemption Slurm may have requeued the job itself, before its processes have ended.
bool is_back_already(const std::string& answer) {
  return answer.find("Job is pending execution") != std::string::npos;
}

}  // namespace

void check_script(const std::filesystem::path& script) { sbatch({"--test-only", script.string()}); }

std::string submit_script(const std::filesystem::path& script) {
  const std::string answer = sbatch({"--parsable", script.string()});
  return answer.substr(0, answer.find(';'));  // a federation adds ";cluster"
}

std::vector<std::int64_t> node_memory_from(const std::string& sinfo, const std::string& partition) {
  std::vector<std::int64_t> memory;
  std::istringstream lines(sinfo);
  for (std::string line; std::getline(lines, line);) {
    std::string name = line.substr(0, line.find('|'));
    const bool is_default = name.ends_with('*');
    if (is_default) name.pop_back();
    std::int64_t mebibytes = 0;
    if (!(std::istringstream(line.substr(line.find('|') + 1)) >> mebibytes)) continue;
    if (partition.empty() ? is_default : name == partition) memory.push_back(mebibytes);
  }
  return memory;
}

std::vector<std::int64_t> node_memory(const std::string& partition) {
  const Finished finished =
      run_program({"sinfo", "--noheader", "--Node", fmt::format("--format={}", node_memory_format)},
                  slurm_patience);
  return finished.code == 0 ? node_memory_from(finished.output, partition)
                            : std::vector<std::int64_t>{};
}

std::string requeue_job(const std::string& job, const std::string& script) {
  const Finished requeued = run_program({"scontrol", "requeue", job}, slurm_patience);
  if (requeued.code == 0) return fmt::format("saved; job {} goes back in the queue", job);
  if (is_back_already(requeued.output))
    return fmt::format("saved; job {} is back in the queue", job);
  if (script.empty()) {
    return fmt::format("saved, but Slurm does not requeue job {}: {}", job,
                       one_line(requeued.output));
  }
  const Finished next =
      run_program({"sbatch", "--parsable", "--dependency=afterany:" + job, script}, slurm_patience);
  return next.code == 0
             ? fmt::format("saved; Slurm does not requeue job {}, so job {} continues after it",
                           job, one_line(next.output))
             : fmt::format(
                   "saved, but Slurm neither requeues job {} ({}) nor accepts a new one ({})", job,
                   one_line(requeued.output), one_line(next.output));
}

std::optional<SlurmJobStatus> job_status(const std::string& job) {
  const Finished finished =
      run_program({"squeue", "--noheader", "--states=all", "--jobs=" + job, "--format=%T|%R|%L"},
                  slurm_patience);
  if (finished.code != 0 || finished.output.empty()) return std::nullopt;
  std::istringstream fields(one_line(finished.output));
  SlurmJobStatus status;
  std::getline(fields, status.state, '|');
  std::getline(fields, status.reason, '|');
  std::getline(fields, status.time_left, '|');
  return status;
}

bool is_over(const SlurmJobStatus& status) {
  constexpr std::array ends = {"COMPLETED", "CANCELLED", "FAILED",   "TIMEOUT",      "NODE_FAIL",
                               "PREEMPTED", "BOOT_FAIL", "DEADLINE", "OUT_OF_MEMORY"};
  return std::find(ends.begin(), ends.end(), status.state) != ends.end();
}

bool job_is_over(const std::string& job) {
  const std::optional<SlurmJobStatus> status = job_status(job);
  return status && is_over(*status);
}

void cancel_job(const std::string& job) {
  const std::optional<SlurmJobStatus> status = job_status(job);
  require(status.has_value(), Exit::usage, "Slurm does not know job {}", job);
  const bool running = status->state == "RUNNING";
  const Finished finished =
      run_program(running ? std::vector<std::string>{"scancel", "--batch", "--signal=INT", job}
                          : std::vector<std::string>{"scancel", job},
                  slurm_patience);
  require(finished.code == 0, Exit::usage, "scancel refused: {}", one_line(finished.output));
}

}  // namespace switchyard
