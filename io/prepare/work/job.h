// Job: one generation of a dataset being prepared; what its stages share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "io/prepare/input/inputs.h"
#include "io/prepare/work/config.h"
#include "io/prepare/work/partitions.h"
#include "io/prepare/work/progress_board.h"
#include "runtime/comm/comm.h"

namespace switchyard::prepare {

// Stages hand each other files in the work folder, and a file that exists is finished: an
// interrupted job goes on where it was, on any number of ranks.
struct Job {
  const Config& config;
  Comm& world;
  const Progress& progress;
  int generation = 0;
  std::filesystem::path work;   // <dataset>/work, on storage that all ranks see
  std::vector<Source> sources;  // of this generation, by priority
  Inputs inputs;
  Partitions partitions;
  ProgressBoard board;
  const Contamination* contamination = nullptr;  // none without evaluation files

  std::filesystem::path file(const std::string& stage, std::int64_t number) const;
};

// A stage as independent tasks, each of which makes files that no other makes.
struct Tasks {
  std::string stage;
  const char* unit = "B";
  std::int64_t count = 0;
  std::function<std::int64_t(std::int64_t)> amount;  // of work in a task, in `unit`: for progress
  std::function<bool(std::int64_t)> finished;        // in an earlier attempt
  // advance(how much was done since the last call)
  std::function<void(std::int64_t, const std::function<void(std::int64_t)>& advance)> run;
};

// Collective. Large tasks first, dealt out to the ranks in turn. Errors: agreed.
void run_tasks(const Tasks& tasks, Job& job);

}  // namespace switchyard::prepare
