// `switchyard plan`: predicts what a run will need.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "launch/config/config.h"
#include "launch/planning/plan_layout.h"
#include "runtime/comm/comm.h"
#include "runtime/error.h"

namespace switchyard::plan {

struct PlanOptions {
  ConfigSources config;
  std::vector<int> experts;     // plan each of these values of model.num_experts
  PlanLayout layout;            // 0: by the other two, or as here
  int threads = 0;              // of each rank; 0: run.threads, or this node's cores over its ranks
  std::int64_t vocabulary = 0;  // 0: the dataset's
  std::optional<std::filesystem::path> rates;       // of another machine
  std::optional<std::filesystem::path> save_rates;  // the measured ones
  std::optional<std::filesystem::path> run;         // compare with its profile
  std::string gpu;              // predict the time on it (launch/plan/gpu_roofline.h); "": do not
  double network = 0.0;         // bytes/s that a rank sends to others; 0: as measured
  std::int64_t node_bytes = 0;  // refuse a run that needs more; 0: never refuse
  std::int64_t gpu_bytes = 0;   // of a GPU, for one rank
  bool json = false;
};

// Collective. Prints on rank 0. Errors: agreed; Exit::usage, after the memory was printed, if the
// run does not fit or the rates cannot be measured here.
Exit plan_training(const PlanOptions& options, std::unique_ptr<Comm> world);

}  // namespace switchyard::plan
