// Rates: how fast a rank of a machine does each part of a step, and the memory of its process.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "launch/plan/step_work.h"

namespace switchyard::plan {

// What the machine can do at best, per rank, with all its ranks working. 0: unknown.
struct MachineLimits {
  double matmul = 0.0;    // FLOP/s of a large product
  double memory = 0.0;    // bytes/s, read and written
  double exchange = 0.0;  // bytes/s sent in an all-to-all
};

// What rates were measured on.
struct RatesOrigin {
  int ranks = 0, nodes = 0;                  // 0: unknown
  std::map<std::string, std::string> sizes;  // "model.num_experts": "8"; empty: unknown
};

struct Rates {
  MachineLimits limits;
  std::map<std::string, double> parts;  // units of PartWork per second
  // What a process needs besides what a plan counts: code, MPI, libraries. 0: unknown.
  double program_bytes = 0.0;
  RatesOrigin origin;
  bool network_given = false;  // limits.exchange is not a measurement, but what the user says
  // Seconds of a step that a rank waits in a part for slower ones, beside its work at `parts`: of
  // parts in which ranks meet once a step, however much they send there.
  std::map<std::string, double> waits{};
};

// Returns the seconds of the part at its own rate or else at the machine's limit, and its waits.
// Errors: Exit::usage if the rates have neither.
double seconds_for(const PartWork& work, const Rates& rates);
double limit_for(WorkUnit unit, const MachineLimits& limits);  // 0: no limit is known

// Returns those of the rates, or those of a typical process where the rates have none.
std::int64_t program_bytes(const Rates& rates);

// TOML: matmul, memory, exchange and program at the top, and tables [parts], [waits] and
// [measured]. Errors: Exit::usage naming the file and the wrong key or value.
Rates read_rates(const std::filesystem::path& file);
std::string print_rates(const Rates& rates);

}  // namespace switchyard::plan
