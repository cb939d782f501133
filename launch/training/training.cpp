#include "launch/training/training.h"

#include <optional>

#include "launch/assemble/assemble.h"
#include "launch/assemble/layout.h"
#include "launch/assemble/run_data.h"
#include "launch/host/ranks.h"
#include "launch/run/run_directory.h"
#include "launch/training/start.h"
#include "launch/training/training_attempt.h"
#include "runtime/watch/watchdog.h"

namespace switchyard {

Exit train(const TrainingOptions& options, FlightRecord& record, std::unique_ptr<Comm> world) {
  const Config config = agree_on_config(options.config, *world);
  const Watchdog watchdog(*world, record, config.watchdog, [&](const std::string& what) {
    print_error(what);
    RunDirectory(config.run.directory).note_incident(what);
  });
  const Device device = choose_device(config.run, *world);
  const ExpertDegree degree = agree_on_expert_degree(config, options.resume, *world);
  RunData data(config, *world);
  Start start = start_attempt(RunDirectory(config.run.directory), config, *data.store,
                              options.resume, *world);
  if (!degree.note.empty()) start.notes.push_back(degree.note);
  for (;;) {
    TrainingAttempt attempt(config, data, start, degree.degree, record,
                            world->split(0, world->rank()), device);
    if (const std::optional<Exit> end = attempt.run(options)) return *end;
    start = attempt.next();
  }
}

}  // namespace switchyard
