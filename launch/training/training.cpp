#include "launch/training/training.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "launch/assemble/assemble.h"
#include "launch/assemble/layout.h"
#include "launch/assemble/run_data.h"
#include "launch/host/host_name.h"
#include "launch/host/ranks.h"
#include "launch/host/standard_streams.h"
#include "launch/machine/machine_memory.h"
#include "launch/plan/memory_at_start.h"
#include "launch/run/run_directory.h"
#include "launch/training/start.h"
#include "launch/training/training_attempt.h"
#include "runtime/watch/watchdog.h"

namespace switchyard {
namespace {

// Behind what a watchdog reports: why a process of this machine may have died.
std::string out_of_memory_note(std::int64_t killed_before) {
  if (out_of_memory_kills() <= killed_before) return "";
  return fmt::format(
      "\nmeanwhile the kernel of {} killed a process because memory ran out: "
      "`switchyard plan` shows what each rank needs",
      host_name());
}

// The checkpoint has reached the goal already.
Exit end_at_goal(const RunDirectory& directory, const Start& start, const Config& config,
                 const Comm& world) {
  const bool done = start.steps_done == config.train.steps || start.stopped_early;
  if (world.rank() == 0) {
    say(fmt::format("switchyard: {} after step {}, as before: nothing was left to do in {}{}\n",
                    start.stopped_early ? "stopped early"
                    : done              ? "done"
                                        : "stopped",
                    start.steps_done, directory.path().string(),
                    start.stopped_early ? "; a larger train.patience goes on" : ""));
    RunState state = directory.read_state();  // a run killed at its end may not have said so
    if (done && state.status != "done") {
      state.status = "done";
      state.step = start.steps_done;
      state.steps = config.train.steps;
      state.stopped_early = start.stopped_early;
      state.checkpoint = start.checkpoint.filename().string();
      state.problem.clear();
      directory.write_state(state);
    }
  }
  return done ? Exit::done : Exit::requeue;
}

}  // namespace

Exit train(const TrainingOptions& options, FlightRecord& record, std::unique_ptr<Comm> world) {
  const Config config = agree_on_config(options.config, *world);
  const std::int64_t killed_before = out_of_memory_kills();
  const Watchdog watchdog(
      *world, record, config.watchdog, [&, explained = false](const std::string& what) mutable {
        const std::string known =
            std::exchange(explained, true) ? what : what + out_of_memory_note(killed_before);
        print_error(known);
        RunDirectory(config.run.directory).note_incident(known);
      });
  const Device device = choose_device(config.run, *world);
  const ExpertDegree degree = agree_on_expert_degree(config, options.resume, *world);
  RunData data(config, *world);
  plan::require_memory_at_start(config, data.store->vocabulary(), degree.degree, *world);
  const RunDirectory directory(config.run.directory);
  Start start = start_attempt(directory, config, *data.store,
                              {.resume = options.resume,
                               .stop_before = options.stop_before,
                               .can_evaluate = data.validation.has_value()},
                              *world);
  if (start.attempt == 0) return end_at_goal(directory, start, config, *world);
  if (!degree.note.empty()) start.notes.push_back(degree.note);
  for (;;) {
    TrainingAttempt attempt(config, data, start, degree.degree, record,
                            world->split(0, world->rank()), device);
    if (const std::optional<Exit> end = attempt.run(options)) return *end;
    start = attempt.next();
  }
}

}  // namespace switchyard
