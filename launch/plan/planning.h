// `switchyard plan`: what a run will need, before it runs.
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
  int ranks = 0;                // 0: as many as plan itself
  int nodes = 0;                // 0: as ranks_per_node says
  int ranks_per_node = 0;       // 0: the ranks, evenly over the nodes
  int threads = 0;              // of a rank; 0: run.threads, or this node's cores over its ranks
  std::int64_t vocabulary = 0;  // 0: the dataset's
  std::optional<std::filesystem::path> rates;       // of another machine
  std::optional<std::filesystem::path> save_rates;  // the measured ones
  std::optional<std::filesystem::path> run;         // compare with its profile
  std::int64_t node_bytes = 0;                      // refuse what needs more; 0: do not
  bool json = false;
};

// Collective. Prints on rank 0. Errors: agreed; Exit::usage if the run does not fit node_bytes.
Exit plan_training(const PlanOptions& options, std::unique_ptr<Comm> world);

}  // namespace switchyard::plan
