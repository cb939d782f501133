#include "launch/suites/run_suite.h"

#include <fmt/format.h>

#include <chrono>

#include "io/text/escape.h"
#include "launch/machine/process_memory.h"
#include "launch/suites/task.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard::suites {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::unique_ptr<Task> make_task(const TaskSpec& spec, const TaskCases& cases, std::uint64_t seed) {
  switch (spec.kind) {
    case TaskKind::choice:
      return make_choice_task(spec, cases.cases);
    case TaskKind::pairs:
      return make_pairs_task(spec, cases.cases);
    case TaskKind::keywords:
      return make_keywords_task(spec, cases.cases, seed);
    case TaskKind::texts:
      return make_texts_task(spec, cases.cases, seed);
    case TaskKind::loss:
    case TaskKind::robustness:
      return make_loss_task(spec, cases.cases, seed);
    case TaskKind::calibration:
      return make_calibration_task(spec, cases.cases);
    case TaskKind::detect:
      return make_detect_task(spec, cases);
    case TaskKind::speed:
      return make_speed_task(spec);
  }
  fail(Exit::internal, "a task of no kind");
}

}  // namespace

LoadedSuite load_suite(const std::filesystem::path& file, Comm& world) {
  LoadedSuite loaded;
  agree(world, [&] {
    loaded.suite = read_suite(file);
    loaded.cases = read_cases(loaded.suite);
    loaded.hash = hash_of(loaded.suite, loaded.cases);
    mark_contaminated(loaded.suite, loaded.cases);
  });
  const std::string first = broadcast_text(world, loaded.hash, 0);
  agree(world, [&] {
    require(
        first == loaded.hash, Exit::data,
        "the ranks read other files of the suite {}: it changes, or the nodes do not see the same "
        "files",
        file.string());
  });
  return loaded;
}

Results run_suite(const LoadedSuite& loaded, SuiteModel& model, SuiteCost& cost) {
  const Clock::time_point start = Clock::now();
  std::vector<std::unique_ptr<Task>> tasks;
  Asking asking(model);
  agree(model.ranks(), [&] {
    for (std::size_t i = 0; i < loaded.suite.tasks.size(); ++i) {
      tasks.push_back(make_task(loaded.suite.tasks[i], loaded.cases[i], loaded.suite.seed));
      tasks.back()->ask(asking);
    }
  });
  const Clock::time_point scoring = Clock::now();
  const ScoredTokens scored = model.score(asking.requests);
  cost.score_seconds += seconds_since(scoring);
  cost.scored_tokens += scored.num_computed;
  Results results{.suite = loaded.suite.name,
                  .suite_hash = loaded.hash,
                  .model = model.checkpoint().digest(),
                  .tokenizer = model.tokenizer().hash(),
                  .step = model.checkpoint().known_step()};
  for (const std::unique_ptr<Task>& task : tasks) {
    results.tasks.push_back(task->judge(scored, model));
  }
  cost.seconds += seconds_since(start);
  cost.memory_bytes = anonymous_bytes() + shared_bytes();
  return results;
}

std::string text_of(const Results& results) {
  std::size_t width = 6;
  for (const TaskResult& task : results.tasks) {
    for (const Figure& figure : task.figures) width = std::max(width, figure.name.size());
  }
  std::string text;
  for (const TaskResult& task : results.tasks) {
    text += fmt::format("{} ({})\n", task.name, task.kind);
    for (const Figure& figure : task.figures) {
      text += fmt::format("  {:<{}}  {:>10.4f}", terminal_text(figure.name), width, figure.value);
      if (figure.interval) {
        text += fmt::format("  {:.4f} to {:.4f}", figure.interval->low, figure.interval->high);
      }
      text += fmt::format("  n = {}\n", figure.cases);
    }
  }
  return text;
}

}  // namespace switchyard::suites
