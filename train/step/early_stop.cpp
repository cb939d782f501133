#include "train/step/early_stop.h"

#include <limits>

namespace switchyard {
namespace {

constexpr std::int64_t max_count = std::numeric_limits<std::int64_t>::max();
constexpr double max_loss = std::numeric_limits<double>::max();

}  // namespace

bool EarlyStop::note(std::int64_t steps_done, double loss) {
  if (best_step_ >= 0 && !(loss < best_loss_ - min_improvement_)) {
    ++since_;
    return false;
  }
  since_ = 0;
  best_step_ = steps_done;
  best_loss_ = loss;
  return true;
}

nlohmann::json EarlyStop::state() const {
  return {{"since", since_}, {"best_step", best_step_}, {"best_loss", best_loss_}};
}

void EarlyStop::load(const JsonFields& state) {
  since_ = state.integer("since", 0, max_count);
  best_step_ = state.integer("best_step", -1, max_count);
  best_loss_ = state.number("best_loss", -max_loss, max_loss);
}

}  // namespace switchyard
