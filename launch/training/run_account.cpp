#include "launch/training/run_account.h"

#include <utility>

namespace switchyard {

RunAccount::RunAccount(nlohmann::json description, int attempt, std::int64_t num_steps,
                       std::filesystem::path checkpoint)
    : description_(std::move(description)),
      attempt_(attempt),
      num_steps_(num_steps),
      checkpoint_(std::move(checkpoint)) {}

void RunAccount::load(const CheckpointReader& checkpoint) {
  steps_done_ = checkpoint.step();
  productive_seconds_ = checkpoint.meta().value("step_seconds", 0.0);
}

void RunAccount::note_step(const StepReport& report) {
  steps_done_ = report.step + 1;
  productive_seconds_ += report.seconds;
  if (report.outcome <= StepOutcome::repeated) losses_ = {{"loss", report.loss}};
}

nlohmann::json RunAccount::meta(const nlohmann::json& trainer) const {
  nlohmann::json meta = description_;
  meta.update(losses_);
  meta["trainer"] = trainer;
  meta["step"] = steps_done_;
  meta["attempt"] = attempt_;
  meta["step_seconds"] = productive_seconds_;
  return meta;
}

RunState RunAccount::state(const std::string& status, const std::string& problem) const {
  return {status, attempt_, steps_done_, num_steps_, checkpoint_.filename().string(), problem};
}

}  // namespace switchyard
