// Trainer: one optimizer step at a time over a model and a mesh, and the state a checkpoint must
// hold.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint.h"
#include "io/loader/loader.h"
#include "model/transformer/transformer.h"
#include "runtime/comm/mesh.h"
#include "train/arithmetic.h"
#include "train/config.h"
#include "train/guard/guard.h"
#include "train/islands/outer_step.h"
#include "train/placement/rebalancing.h"
#include "train/state/owned_state.h"
#include "train/step/optimizer.h"
#include "train/step_report.h"

namespace switchyard {

class Trainer {
 public:
  // Collective. The caller owns model and mesh, and initialises or loads the weights before the
  // first step. In exact mode this tests the arithmetic of every rank. Errors: those of
  // check_frozen (train/step/frozen.h), on every rank.
  Trainer(Transformer& model, Mesh& mesh, const TrainConfig& config, Stream& stream,
          const GuardConfig& guard = {});

  // Not collective. Draws every weight from train.seed.
  void initialize();
  // Not collective. Takes what this rank hosts of the weights, and the biases of gates, from these;
  // all else is as new, as are adapters and modules of multi-token prediction that the weights
  // lack; of modules that the model lacks nothing is taken. Errors: as load().
  void initialize(const CheckpointReader& weights);
  // Not collective. Loads what this rank hosts, and what the guard remembers. meta: what meta()
  // gave for this checkpoint. Errors: Exit::data for a missing, surplus or misshapen tensor.
  void load(const CheckpointReader& checkpoint, const JsonFields& meta);

  // Which of the loader's batches a step trains on: the guard may have left some out.
  std::int64_t batch_of(std::int64_t step) const { return guard_.batch_of(step); }
  // Collective. One optimizer step on this rank's share of the data. report.seconds is the caller's
  // to fill in. The report's outcome says what the guard made of it. Errors: agreed,
  // Exit::numerical if a step is wrong and the guard is off or its limits are used up; the weights
  // are then untouched.
  StepReport step(std::int64_t step, const StepData& data);
  // Where the run goes after StepOutcome::rewind.
  const Rewind& rewind() const { return guard_.rewind(); }
  // Collective over the job. Islands go back together, to the last place that one of them asks for.
  void share_rewind();
  // After load(): the run came to the checkpoint of step `step` by going back.
  void go_on(std::int64_t step, const Rewind& rewind) { guard_.go_on(step, rewind); }

  // Collective. Experts move to where the load since the last time asks for them
  // (train/placement/rebalancing.h). What owned_state() named may be elsewhere afterwards.
  PlacementReport rebalance();

  // Collective over the job. What islands do together after this many steps, if they do
  // (train/islands/outer_step.h).
  bool meets_islands(std::int64_t steps_done) const {
    return outer_ != nullptr && outer_->is_due(steps_done);
  }
  std::vector<IslandReport> meet_islands(std::int64_t steps_done) {
    return outer_->after(steps_done);
  }

  // Collective over the job. See train/inference/evaluate.h. With islands, of what they agreed on
  // last.
  std::optional<Evaluation> evaluate(Loader& loader, const std::function<bool()>& stop);

  Stream& stream() { return stream_; }
  Comm& job() { return mesh_.job(); }
  int island() const { return mesh_.island(); }
  int num_islands() const { return mesh_.num_islands(); }
  // Empty unless exact.
  const Arithmetic& arithmetic() const { return arithmetic_; }

  // Collective over the job. The tensors this rank writes, for save_checkpoint, under the names of
  // train/state/state_names.h.
  OwnedState owned_state();
  // Collective over the job.
  nlohmann::json meta();

 private:
  // Of a step, summed over all ranks; the owners of the parameters hold the gradient itself.
  struct Gradient {
    StepSums sums;
    StepFigures figures;
  };
  std::uint64_t seed() const { return static_cast<std::uint64_t>(config_.seed); }
  Gradient differentiate(std::int64_t step, const StepData& data);
  Gradient judged_gradient(const StepData& data, StepReport& report);
  void update(std::int64_t step, const Gradient& gradient);
  void fill(StepReport& report, const StepData& data, const Gradient& gradient) const;

  Transformer& model_;
  Mesh& mesh_;
  TrainConfig config_;
  Stream& stream_;
  Optimizer optimizer_;
  Rebalancing rebalancing_;
  Arithmetic arithmetic_;
  Guard guard_;
  std::unique_ptr<OuterStep> outer_;  // null without islands
};

}  // namespace switchyard
