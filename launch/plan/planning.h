// `switchyard plan`: predicts what a run will need.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "launch/config/config.h"
#include "runtime/comm/comm.h"
#include "runtime/error.h"

namespace switchyard::plan {

struct PlanOptions {
  ConfigSources config;
  int ranks = 0;                // 0: as many as plan runs on
  int nodes = 0;                // 0: as many as ranks_per_node implies
  int ranks_per_node = 0;       // 0: the ranks spread evenly over the nodes
  int threads = 0;              // of each rank; 0: run.threads, or this node's cores over its ranks
  std::int64_t vocabulary = 0;  // 0: the dataset's
  std::optional<std::filesystem::path> rates;       // of another machine
  std::optional<std::filesystem::path> save_rates;  // the measured ones
  std::optional<std::filesystem::path> run;         // compare with its profile
  std::int64_t node_bytes = 0;                      // refuse a run that needs more; 0: never refuse
  bool json = false;
};

// Collective. Prints on rank 0. Errors: agreed; Exit::usage if the run does not fit node_bytes.
Exit plan_training(const PlanOptions& options, std::unique_ptr<Comm> world);

}  // namespace switchyard::plan
