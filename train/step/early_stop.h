// EarlyStop: ends a run whose validation loss no longer falls.
#pragma once

#include <cstdint>

#include <nlohmann/json.hpp>

#include "io/folder/json_fields.h"

namespace switchyard {

class EarlyStop {
 public:
  // patience: evaluations in a row without an improvement that end a run; 0: none end it. A loss
  // improves on the best one if it is lower by more than min_improvement.
  EarlyStop(std::int64_t patience, double min_improvement)
      : patience_(patience), min_improvement_(min_improvement) {}

  // The loss after this many steps. Returns true if it is an improvement; the first one is.
  bool note(std::int64_t steps_done, double loss);
  // The run has had all its patience.
  bool stops() const { return patience_ > 0 && since_ >= patience_; }

  bool active() const { return patience_ > 0; }
  std::int64_t since() const { return since_; }  // evaluations since the best one
  std::int64_t best_step() const { return best_step_; }
  double best_loss() const { return best_loss_; }

  // For a checkpoint. Loading keeps patience and min_improvement, which may be new ones. Errors of
  // load: Exit::data.
  nlohmann::json state() const;
  void load(const JsonFields& state);

 private:
  std::int64_t patience_;
  double min_improvement_;
  std::int64_t since_ = 0, best_step_ = -1;  // -1: nothing was noted
  double best_loss_ = 0.0;
};

}  // namespace switchyard
