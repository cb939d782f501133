// Profile: how long each part of a step took in a run, and how much memory it needed, over all
// ranks. `train --profile` prints it and writes it into the run directory; `plan --run` reads it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "launch/plan/rates.h"

namespace switchyard::plan {

struct PartProfile {
  std::string part;
  double seconds = 0.0;  // per step, mean over ranks
  double slowest = 0.0;  // of the slowest rank
  // Seconds in collectives per step, mean over ranks, beyond those of the rank that waited least.
  double waited = 0.0;
  int awaited_rank = 0;  // the rank that waited least: the others wait for it
};

struct Profile {
  std::int64_t steps = 0;  // measured
  int num_ranks = 1, ranks_per_node = 1, threads = 1;
  double step_seconds = 0.0;  // mean
  std::vector<PartProfile> parts;
  MachineLimits limits;
  std::int64_t memory_bytes = 0;      // of the rank that needs the most, after the last step
  std::int64_t activation_bytes = 0;  // of the rank that has the most
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PartProfile, part, seconds, slowest, waited, awaited_rank)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(MachineLimits, matmul, memory, exchange)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Profile, steps, num_ranks, ranks_per_node, threads, step_seconds,
                                   parts, limits, memory_bytes, activation_bytes)

// Errors: Exit::data naming the file.
Profile read_profile(const std::filesystem::path& file);

// Returns a line for each part of a step of `config`: seconds, share of the step, rate, share of
// the machine's limit, and the wait for which rank.
std::string profile_table(const Profile& profile, const Config& config, std::int64_t vocabulary);

// "92.1 GFLOP/s", "3.4 GB/s", "1.2 M/s".
std::string rate_text(WorkUnit unit, double per_second);

}  // namespace switchyard::plan
