// TrainerSteps: the steps of a run by a trainer, on the data of its loaders. A step of one island
// that fails with an agreed error is a step that goes back, until the others hear of it.
#pragma once

#include <optional>

#include "io/loader/loader.h"
#include "runtime/error.h"
#include "train/step/run.h"
#include "train/step/trainer.h"

namespace switchyard {

class TrainerSteps final : public RunSteps {
 public:
  // The caller keeps all of it. validation: nullptr if there is nothing to evaluate on.
  TrainerSteps(Trainer& trainer, Loader& loader, Loader* validation)
      : trainer_(trainer), loader_(loader), validation_(validation) {}

  StepReport step(std::int64_t step) override;
  bool can_evaluate() const override { return validation_ != nullptr; }
  std::optional<Evaluation> evaluate(const std::function<bool()>& stop) override {
    return trainer_.evaluate(*validation_, stop);
  }
  PlacementReport place_experts() override;
  bool meets(std::int64_t steps_done) const override { return trainer_.meets_islands(steps_done); }
  std::vector<IslandReport> meet(std::int64_t steps_done) override {
    return trainer_.meet_islands(steps_done);
  }
  void rejoin() override;

 private:
  StepData data_of(std::int64_t batch);

  Trainer& trainer_;
  Loader& loader_;
  Loader* validation_;
  std::optional<Error> failure_;  // of this island
};

}  // namespace switchyard
