// Rates: how fast a rank of some machine does each part of a step, and what its process weighs.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "launch/plan/step_work.h"

namespace switchyard::plan {

// What the machine can do at best, per rank, with all its ranks at work. 0: not known.
struct MachineLimits {
  double matmul = 0.0;    // FLOP/s of a large product
  double memory = 0.0;    // bytes/s, read and written
  double exchange = 0.0;  // bytes/s given in an all-to-all
};

struct Rates {
  MachineLimits limits;
  std::map<std::string, double> parts;  // units of PartWork per second
  double program_bytes = 0.0;  // of a process beside what a plan counts: code, MPI, libraries. 0:
                               // not known
};

// Seconds of the part: at its own rate, else at the machine's limit. Errors: Exit::usage if the
// rates know neither.
double seconds_for(const PartWork& work, const Rates& rates);
double limit_for(WorkUnit unit, const MachineLimits& limits);  // 0: none

// Those of the rates; of a usual process where they know nothing of it.
std::int64_t program_bytes(const Rates& rates);

// TOML: matmul, memory, exchange and program at the top, and a table [parts]. Errors: Exit::usage
// naming the file, and a key or value that cannot be.
Rates read_rates(const std::filesystem::path& file);
std::string print_rates(const Rates& rates);

}  // namespace switchyard::plan
