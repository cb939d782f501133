// The loop around steps: evaluation, checkpoints, and leaving when asked to. Where logs and files
// go is the caller's.
#pragma once

#include <cstdint>
#include <functional>

#include "runtime/flight_record.h"
#include "train/step/trainer.h"

namespace switchyard {

struct RunHooks {
  std::function<void(Phase)> entered;              // what this rank begins to do
  std::function<void(const StepReport&)> stepped;  // after every step
  std::function<void(std::int64_t steps_done, double loss)>
      evaluated;                                       // mean validation loss per token
  std::function<void(const PlacementReport&)> placed;  // after every placement of the experts
  std::function<void(std::int64_t steps_done)> save;   // Collective
  std::function<void(std::int64_t steps_done)>
      not_saved;                         // Collective; other steps that were taken
  std::function<bool()> stop_requested;  // of this rank; one is enough
  std::function<bool()> save_working;    // of this rank: a save it began still goes on
  std::function<void()> advance_save;    // Collective; when save_working() is false on all ranks
  std::function<void()> finish_saves;    // Collective; before run_training returns done or stopped
};

struct RunRange {
  std::int64_t first_step = 0;
  std::int64_t stop_before = 0;  // as if asked to stop when it is reached; 0: never
};

// rewind: a step's outcome, which was reported; nothing was saved after it.
enum class RunEnd { done, stopped, rewind };

// Collective. Steps [first_step, train.steps) with a save every checkpoint_every steps, or at the
// next step that the guard takes, and after the last one. Ends early, saved, when a rank asks to
// stop. validation: nullptr if there is nothing to evaluate on.
RunEnd run_training(Trainer& trainer, Loader& loader, Loader* validation, const TrainConfig& config,
                    const RunRange& range, Comm& world, const RunHooks& hooks);

}  // namespace switchyard
