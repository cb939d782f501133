#include "launch/plan/activation_growth.h"

#include "launch/host/byte_size.h"

namespace switchyard {

void ActivationGrowth::note(std::int64_t step, std::int64_t held, spdlog::logger& log) {
  if (held_ > 0 && held > held_) {
    log.warn(
        "step {}: activations of rank {} grew from {} to {}: more rows reached its experts than "
        "train.load_factor = {} allows for",
        step, rank_, byte_size_text(static_cast<double>(held_)),
        byte_size_text(static_cast<double>(held)), load_factor_);
  }
  held_ = held;
}

}  // namespace switchyard
