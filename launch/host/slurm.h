// Slurm, through its commands. Each call waits 30 s at most.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace switchyard {

// Errors: Exit::usage with what sbatch said; if there is no sbatch, how to go without.
void check_script(const std::filesystem::path& script);  // sbatch --test-only: could it ever run?
std::string submit_script(const std::filesystem::path& script);  // the job's number

// MiB of each node of the partition, of the default one if its name is empty, as sinfo prints them
// in its format `node_memory_format`.
constexpr const char* node_memory_format = "%P|%m";
std::vector<std::int64_t> node_memory_from(const std::string& sinfo, const std::string& partition);
// Empty if there is no Slurm here, or no such partition.
std::vector<std::int64_t> node_memory(const std::string& partition);

// Puts the job this process is part of back in the queue; where the site refuses that, submits
// `script` to start when this job has ended. Returns a line that says which.
std::string requeue_job(const std::string& job, const std::string& script);

struct SlurmJobStatus {
  std::string state;      // "PENDING", "RUNNING", ...
  std::string reason;     // why it is pending, or where it runs
  std::string time_left;  // as squeue prints it
};
// std::nullopt if Slurm knows nothing of it (any more), or there is no Slurm here.
std::optional<SlurmJobStatus> job_status(const std::string& job);

// It has ended, one way or another.
bool is_over(const SlurmJobStatus& status);
// Slurm says so; false for a job that it knows nothing of.
bool job_is_over(const std::string& job);

// A pending job leaves the queue; a running one saves first. Errors: Exit::usage with what scancel
// said.
void cancel_job(const std::string& job);

}  // namespace switchyard
