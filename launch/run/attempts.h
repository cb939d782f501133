// Attempts: every start of a run takes the next number, so that two starts cannot write into one
// run directory without noticing each other.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "launch/run/lease.h"

namespace switchyard {

// The owner of an attempt, as attempts/0001.json records it.
struct Attempt {
  int number = 0;
  std::string host, boot_id;
  std::int64_t pid = 0;
  // When that process started, in clock ticks since boot: a pid alone may be reused.
  std::int64_t process_start = 0;
  std::string slurm_job;
  int slurm_restart_count = 0;
  std::string resumed_from;   // name of the checkpoint folder; empty: started from step 0
  std::string started;        // UTC
  std::string pid_namespace;  // in which the pid counts; empty in records of older versions
};

// Returns this process as the owner of attempt `number`.
Attempt this_process(int number, const std::string& resumed_from);

// The newest attempt of the run, if any. If its record is damaged, only the number is set.
std::optional<Attempt> newest_attempt(const std::filesystem::path& run_directory);

// All attempts, oldest first.
std::vector<Attempt> all_attempts(const std::filesystem::path& run_directory);

// When the first attempt started, in seconds since 1970; std::nullopt if no record can be read.
std::optional<double> first_start(const std::filesystem::path& run_directory);

// True if the owner of the attempt is alive. Its process decides where this one can see it: on the
// same host, since the same boot, in the same process namespace (two containers of a host may share
// its name, but neither sees the other's processes). Elsewhere its lease decides
// (launch/run/lease.h), unless this is the same Slurm job, requeued, or Slurm says that the job has
// ended.
bool is_alive(const std::filesystem::path& run_directory, const Attempt& attempt,
              ClockOf clock = ClockOf::file_system);

// Waits until the owner of the newest attempt is gone: the ranks of a killed job may outlive it by
// a second or so. Errors: Exit::busy, naming the owner, if it is still alive after `patience`.
void wait_for_owner(const std::filesystem::path& run_directory, std::chrono::seconds patience);

// Creates the record of the next attempt. Errors: Exit::busy if another start took its number
// first.
Attempt take_attempt(const std::filesystem::path& run_directory, const std::string& resumed_from);

}  // namespace switchyard
