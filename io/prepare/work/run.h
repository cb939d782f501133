// Run: what every stage of `prepare` needs, and how a stage divides its work among the ranks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "io/prepare/work/config.h"
#include "io/prepare/work/progress_board.h"
#include "runtime/comm/comm.h"

namespace switchyard::prepare {

// Stages hand each other files in the work folder, and a file that exists is
// finished: an interrupted run continues where it was, on any number of ranks.
struct Run {
  const Config& config;
  Comm& world;
  const Progress& progress;
  std::filesystem::path work;  // <dataset>/work, on storage that all ranks see
  std::unique_ptr<ProgressBoard> board;

  std::filesystem::path file(const std::string& stage, std::int64_t number) const;
};

// Opens the board in the work folder `work`, which must exist.
Run make_run(const Config& config, Comm& world, const Progress& progress,
             const std::filesystem::path& work);

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
void run_tasks(const Tasks& tasks, const Run& run);

}  // namespace switchyard::prepare
