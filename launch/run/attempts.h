// Attempts: every start of a run takes the next number, so that two starts can never write into one
// run directory unseen.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace switchyard {

// The owner of an attempt, as attempts/0001.json keeps it.
struct Attempt {
  int number = 0;
  std::string host, boot_id;
  std::int64_t pid = 0;
  std::int64_t process_start =
      0;  // of the pid, in clock ticks since boot: a pid alone may be used again
  std::string slurm_job;
  int slurm_restart_count = 0;
  std::string resumed_from;  // name of the checkpoint folder; empty: started from step 0
  std::string started;       // UTC
};

// This process as the owner of attempt `number`.
Attempt this_process(int number, const std::string& resumed_from);

// The newest attempt of the run, if any; a number alone if its record is torn.
std::optional<Attempt> newest_attempt(const std::filesystem::path& run_directory);

// All that were started, oldest first.
std::vector<Attempt> all_attempts(const std::filesystem::path& run_directory);

// When the first of them started, in seconds since 1970; nothing if that cannot be read.
std::optional<double> first_start(const std::filesystem::path& run_directory);

// True if the attempt has a live owner: on this host its process; on another one by its lease
// (launch/run/lease.h), unless this is the same Slurm job, requeued, or Slurm says that its job is
// over.
bool is_alive(const std::filesystem::path& run_directory, const Attempt& attempt);

// Returns when the newest attempt has no live owner; ranks of a killed job outlive it by a second
// or so. Errors: Exit::busy, naming the owner, if it is still alive after `patience`.
void wait_for_owner(const std::filesystem::path& run_directory, std::chrono::seconds patience);

// Creates the file of the next attempt, exclusively. Errors: Exit::busy if another start took the
// number first.
Attempt take_attempt(const std::filesystem::path& run_directory, const std::string& resumed_from);

}  // namespace switchyard
