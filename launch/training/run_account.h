// RunAccount: what an attempt knows of its run beside the tensors: how far it is, what it cost, and
// where its newest checkpoint is. Checkpoints and state.json are filled from it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint.h"
#include "launch/run/run_directory.h"
#include "train/config.h"
#include "train/step/early_stop.h"
#include "train/step/run.h"
#include "train/step_report.h"

namespace switchyard {

class RunAccount {
 public:
  // description: of describe_run(). checkpoint: the one that the attempt goes on from; empty: it
  // starts at step 0.
  RunAccount(nlohmann::json description, int attempt, const TrainConfig& config,
             std::filesystem::path checkpoint);

  int attempt() const { return attempt_; }
  std::int64_t steps_done() const { return steps_done_; }
  // The newest one of this attempt, or the one that it resumed from.
  const std::filesystem::path& checkpoint() const { return checkpoint_; }
  // The state of now was evaluated.
  bool evaluated() const { return losses_.contains("validation_loss"); }
  // Of the steps that made this state, in all attempts.
  double productive_seconds() const { return productive_seconds_; }

  // Goes on where the checkpoint's run was.
  void load(const CheckpointReader& checkpoint);

  void note_step(const StepReport& report);
  // Batches that no step of this state trained on.
  void note_left_out(std::int64_t batches, const SourceRows& rows);
  // How many batches the guard left out of the run, by source, in words; empty if none.
  std::string left_out_text() const;
  // Returns what it means for a run that stops early.
  // sound: a state that is not cannot be the best, since it is not saved at this step.
  Judgement note_validation(double loss, bool sound);
  const EarlyStop& early_stop() const { return early_stop_; }
  void note_checkpoint(const std::filesystem::path& folder) { checkpoint_ = folder; }

  // What step 0 was made of (launch/run/lineage.h).
  void note_lineage(nlohmann::json lineage) { description_["lineage"] = std::move(lineage); }

  // The `meta` of a checkpoint as of now. trainer: of Trainer::meta().
  nlohmann::json meta(const nlohmann::json& trainer) const;
  RunState state(const std::string& status, const std::string& problem = "") const;

 private:
  nlohmann::json description_;
  int attempt_;
  std::int64_t num_steps_;
  std::filesystem::path checkpoint_;
  std::int64_t steps_done_ = 0;
  double productive_seconds_ = 0.0;
  std::int64_t batches_left_out_ = 0;
  SourceRows rows_left_out_;
  EarlyStop early_stop_;
  nlohmann::json losses_ = nlohmann::json::object();  // of the last step
};

}  // namespace switchyard
