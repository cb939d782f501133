// RunHistory: a run as metrics.jsonl records it. Lines of an unexpected form do no harm.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "launch/run/attempts.h"
#include "launch/run/run_directory.h"

namespace switchyard {

struct LayerPoint {
  std::int64_t layer = 0, dead_experts = 0, dropped = 0;
  double overload = 0.0;  // load of the busiest expert over the mean
};

// One step as it was last done. step: 1 for the first, whatever convention the line has. A number
// that its line lacks is 0.
struct StepPoint {
  std::int64_t attempt = 0, step = 0, tokens = 0;
  double loss = 0.0, learning_rate = 0.0, gradient_norm = 0.0, tokens_per_second = 0.0;
  double time = 0.0;  // when it ended, seconds since 1970
  double goodput = 0.0, busy_least = 0.0, busy_most = 0.0;
  double bytes_own_node = 0.0, bytes_other_nodes = 0.0, exchange_bytes_per_second = 0.0;
  std::vector<LayerPoint> layers;

  double worst_overload() const;  // of the layers; 0 without experts
};

struct Moment {
  std::int64_t attempt = 0, step = 0;
  double time = 0.0;
};

struct RunHistory {
  std::string name;  // the run directory, as the user named it
  RunState state;
  std::string config;             // the text of config.toml
  std::string schedule;           // of the learning rate, in words; empty: unknown
  std::vector<Attempt> attempts;  // oldest first
  std::vector<StepPoint> steps;   // by step, each once
  std::vector<Moment> course;     // every line that records a step, in the order of the file
  std::vector<Moment> checkpoints;
  std::vector<std::pair<std::int64_t, double>> validation;  // steps done, loss
  std::map<std::string, double> part_seconds;  // of a step's parts, summed over `steps`
  std::int64_t steps_done_again = 0;           // done more than once, after restarts
};

// Errors: Exit::usage if the folder is not a run directory.
RunHistory read_history(const std::filesystem::path& run);

}  // namespace switchyard
