// The loop around steps: evaluation, checkpoints, placements, and leaving when asked to.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "runtime/comm/comm.h"
#include "runtime/flight_record.h"
#include "train/config.h"
#include "train/islands/island_report.h"
#include "train/step_report.h"

namespace switchyard {

// What the loop repeats. Reports say how long the work took.
class RunSteps {
 public:
  virtual ~RunSteps() = default;

  virtual StepReport step(std::int64_t step) = 0;  // Collective.
  virtual bool can_evaluate() const = 0;           // the same on all ranks
  // Collective. Nothing if `stop` said so. stop: collective, asked between batches.
  virtual std::optional<Evaluation> evaluate(const std::function<bool()>& stop) = 0;
  virtual PlacementReport place_experts() = 0;  // Collective.
  // What islands do together after this many steps; meet() is collective.
  virtual bool meets(std::int64_t steps_done) const = 0;
  virtual std::vector<IslandReport> meet(std::int64_t steps_done) = 0;
  // Collective. Where an island goes back, or gives up, all do the same: as the first one of these.
  // Errors: agreed, those of a step that failed.
  virtual void rejoin() = 0;
};

// The checkpoints of a run. A save that was begun may go on behind the steps.
class RunSaves {
 public:
  virtual ~RunSaves() = default;

  virtual bool working() = 0;                      // on this rank, for the save in progress
  virtual void advance() = 0;                      // Collective; when no rank is working().
  virtual void save(std::int64_t steps_done) = 0;  // Collective. Begins the save that is due.
  virtual void save_between(std::int64_t steps_done) = 0;  // Collective. After other sound steps.
  virtual void finish() = 0;  // Collective. Waits for the save in progress.
};

// What an evaluation means for the run.
struct Judgement {
  bool improved = false;  // its state is to be saved
  bool ends_run = false;  // the loss has stopped falling
};

// The process that a run is in: it may ask the run to stop, and reports what the run does.
class RunHost {
 public:
  virtual ~RunHost() = default;

  virtual bool stop_requested() const = 0;  // on this rank; one rank is enough
  virtual void entered(Phase phase) = 0;    // this rank begins something else
  virtual void stepped(const StepReport& report) = 0;
  // The same on all ranks. sound: the last step was taken without a doubt, on all islands.
  virtual Judgement evaluated(std::int64_t steps_done, const Evaluation& evaluation,
                              bool sound) = 0;
  virtual void placed(const PlacementReport& report) = 0;
  virtual void met(const IslandReport& report) = 0;
};

struct RunRange {
  std::int64_t first_step = 0;
  std::int64_t stop_before = 0;  // stop when this step is reached; 0: never
  bool evaluated = true;         // false: an evaluation that is due at first_step was not made
  std::int64_t rebuild_at = 0;   // the steps after which the model is another one; 0: never
  std::int64_t local_every = 0;  // steps between node-local checkpoints; 0: none
};

enum class RunEnd : std::uint8_t {
  done,
  early,      // the host said that the loss has stopped falling
  stopped,    // range.stop_before was reached
  preempted,  // a rank was asked to stop
  rewind,     // a step said so; nothing was saved after it
  rebuild     // range.rebuild_at was reached
};
// Whether the run goes on in another attempt of this process.
constexpr bool goes_on(RunEnd end) { return end == RunEnd::rewind || end == RunEnd::rebuild; }

// Collective over the whole job, in which islands, if there are several, meet every
// islands.vote_every steps and whenever there is something to do together; a request to stop waits
// for that. Does steps [first_step, train.steps), and saves every checkpoint_every steps and
// where an evaluation improved, or at the next step that the guard takes, and after the last one.
// Unless it ends in a rewind, its last state is saved when it returns. A request to stop ends it
// before the first step, after a step or during an evaluation, which the run then makes when it
// goes on.
RunEnd run_training(RunSteps& steps, RunSaves& saves, RunHost& host, const TrainConfig& config,
                    const RunRange& range, Comm& world);

}  // namespace switchyard
