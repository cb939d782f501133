// Guard: decides what becomes of a step whose loss or gradient is wrong. It gets the same numbers
// on all ranks, so that all decide alike, on any layout. The checkpoint holds what it remembers, so
// that a resumed run decides as one that was not stopped.
//
// A wrong step is computed again, which mends transient faults; steps may also be computed twice
// although they look right, which finds transient faults that do not show. A step that is wrong
// again is skipped, and its batch left out. After several such batches the run goes back to a
// checkpoint and continues with the batches after them, as PaLM did by hand (arXiv:2204.02311,
// section 5.1).
//
// A high loss or gradient norm alone does not say that a step is wrong: a batch from a rare source
// has one too, and must be learned. An unusual step is therefore an outlier and taken, if
// computing it again gives the same and its effect is bounded: clipping bounds its gradient, and
// its loss is one that sound weights can have. Weights that have been spoilt show in step after
// step, so only outliers in a row send the run back, and only if the window holds so few of them
// that their sources cannot explain a row.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "io/folder/json_fields.h"
#include "train/config.h"
#include "train/guard/robust_window.h"
#include "train/step_report.h"

namespace switchyard {

// The numbers that decide whether a step is sound; the same bits on all ranks.
struct StepFigures {
  double loss = 0.0, gradient_norm = 0.0;
  bool finite = true;              // both of them, and all their addends
  std::int64_t gradient_hash = 0;  // 0 unless the step is computed twice
  bool operator==(const StepFigures&) const = default;
};

// The way back to a checkpoint, which the attempt that failed hands to the one that continues.
struct Rewind {
  std::int64_t num_rewinds = 0;  // of the run, this one included
  std::int64_t next_batch = -1;  // the first batch to train on; -1: as the checkpoint says
};

class Guard {
 public:
  // clip_norm: the norm that clipping limits a gradient to. A smaller norm is never a spike. 0: no
  // clipping. uniform_loss: of a model that knows nothing; a batch that is new to the model may
  // have twice as much.
  Guard(const GuardConfig& config, double clip_norm, double uniform_loss);

  bool enabled() const { return config_.enabled; }
  bool compares_replicas(std::int64_t step) const;
  bool computes_twice(std::int64_t step) const;
  // The batch that a step trains on: its own number, and one more for each left out by a rewind.
  std::int64_t batch_of(std::int64_t step) const { return step + batches_ahead_; }

  // What is wrong with the step, in words; empty if nothing is. A step like some of the window is
  // not wrong, unless there were too many of them in a row.
  std::string problem_with(const StepFigures& figures) const;
  // The step goes into the weights.
  void take(const StepFigures& figures);
  // The step was wrong when repeated, too: outlier, which the caller takes, skipped or rewind.
  // reproduced: the repetition gave the same figures. Errors: agreed, Exit::numerical if the limits
  // are used up or the guard is off.
  StepOutcome refuse(std::int64_t step, const StepFigures& figures, bool reproduced,
                     const std::string& problem);
  // Replicas of a parameter differ: rewind, to the same batches. Errors: as refuse.
  StepOutcome refuse_replicas(std::int64_t step, const std::string& problem);

  const Rewind& rewind() const { return rewind_; }
  // Another island goes back, and this one with it.
  void follow(const Rewind& rewind) { rewind_ = rewind; }
  // After load(): the run came to the checkpoint of step `step` by going back.
  void go_on(std::int64_t step, const Rewind& rewind);

  nlohmann::json state() const;
  // Errors: Exit::data, naming the key, if it is not what state() wrote.
  void load(const JsonFields& state);

 private:
  StepOutcome go_back(std::int64_t step, const std::string& problem, std::int64_t next_batch);
  bool stands_out(const RobustWindow& window, double value) const;
  bool loss_stands_out(const StepFigures& figures) const;
  bool norm_stands_out(const StepFigures& figures) const;
  bool is_bounded(const StepFigures& figures) const;
  double least_outlier() const;  // of losses
  std::int64_t longest_streak() const;
  void note_outlier(const StepFigures& figures);
  void end_streak();

  GuardConfig config_;
  double clip_norm_, uniform_loss_;
  RobustWindow losses_, norms_;                // of finite steps before the streak
  RobustWindow streak_losses_, streak_norms_;  // of finite steps of the streak
  std::int64_t streak_ = 0;                    // consecutive unusual steps up to now
  double refused_loss_ = 0,
         refused_norm_ = 0;  // the largest that were skipped: they may come again
  std::int64_t batches_ahead_ = 0;
  Rewind rewind_;
};

}  // namespace switchyard
