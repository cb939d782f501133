// Slurm, through its commands. Each call waits at most 30 s.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace switchyard {

// Errors: Exit::usage with the message of sbatch or, if there is no sbatch, what to do instead.
void check_script(const std::filesystem::path& script);  // sbatch --test-only: could it ever run?
std::string submit_script(const std::filesystem::path& script);  // the job's number

// Returns the MiB of each node of the partition (the default one if its name is empty) from what
// sinfo prints in the format `node_memory_format`.
constexpr const char* node_memory_format = "%P|%m";
std::vector<std::int64_t> node_memory_from(const std::string& sinfo, const std::string& partition);
// Empty if there is no Slurm here or no such partition.
std::vector<std::int64_t> node_memory(const std::string& partition);

// Puts this process's job back in the queue or, if the site refuses that, submits `script` to start
// when this job has ended. Returns a line that says what was done.
std::string requeue_job(const std::string& job, const std::string& script);

struct SlurmJobStatus {
  std::string state;      // "PENDING", "RUNNING", ...
  std::string reason;     // why it is pending, or where it runs
  std::string time_left;  // as squeue prints it
};
// std::nullopt if Slurm does not know the job (any more), or there is no Slurm here.
std::optional<SlurmJobStatus> job_status(const std::string& job);

// True if the job has ended in any way.
bool is_over(const SlurmJobStatus& status);
// Asks Slurm; false for a job that it does not know.
bool job_is_over(const std::string& job);

// Removes a pending job from the queue; a running job saves first. Errors: Exit::usage with the
// message of scancel.
void cancel_job(const std::string& job);

}  // namespace switchyard
