#include "io/prepare/work/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>

#include "runtime/comm/agree.h"

namespace switchyard::prepare {
namespace {

std::vector<std::int64_t> largest_first(const Tasks& tasks) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(tasks.count));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return tasks.amount(a) > tasks.amount(b);
  });
  return order;
}

// Ends this rank's stage on the board, whatever happens in it.
class BoardStage {
 public:
  explicit BoardStage(ProgressBoard& board) : board_(board) { board_.begin_stage(); }
  ~BoardStage() {
    try {
      board_.finish_stage();
    } catch (const Error&) {  // the disk that failed here has failed the stage as well
    }
  }

 private:
  ProgressBoard& board_;
};

}  // namespace

std::filesystem::path Run::file(const std::string& stage, std::int64_t number) const {
  return work / fmt::format("{}-{:05}", stage, number);
}

Run make_run(const Config& config, Comm& world, const Progress& progress,
             const std::filesystem::path& work) {
  return {config, world, progress, work,
          std::make_unique<ProgressBoard>(work / "progress", world.rank(), world.size())};
}

void run_tasks(const Tasks& tasks, const Run& run) {
  std::int64_t total = 0;
  for (std::int64_t i = 0; i < tasks.count; ++i) total += tasks.amount(i);
  const bool shows = run.world.rank() == 0;
  const auto show = [&] {
    run.progress({tasks.stage, tasks.unit, std::min(run.board->total(), total), total});
  };
  agree(run.world, [&] {
    const BoardStage stage(*run.board);
    const auto advance = [&](std::int64_t amount) {
      if (run.board->advance(amount) && shows) show();
    };
    const std::vector<std::int64_t> order = largest_first(tasks);
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (static_cast<int>(i % static_cast<std::size_t>(run.world.size())) != run.world.rank()) {
        continue;
      }
      if (tasks.finished(order[i])) {
        advance(tasks.amount(order[i]));
      } else {
        tasks.run(order[i], advance);
      }
    }
    while (shows && !run.board->others_finished()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      show();
    }
    if (shows) run.progress({tasks.stage, tasks.unit, total, total});
  });
}

}  // namespace switchyard::prepare
