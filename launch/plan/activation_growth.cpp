#include "launch/plan/activation_growth.h"

#include "io/text/byte_size.h"

namespace switchyard::plan {

void ActivationGrowth::note(std::int64_t step, std::int64_t held, spdlog::logger& log) {
  if (held_ > 0 && held > held_) {
    log.warn(
        "step {}: activations of rank {} grew from {} to {}, because more rows reached its experts "
        "than train.load_factor = {} allows for",
        step, rank_, bytes_in_words(held_), bytes_in_words(held), load_factor_);
  }
  held_ = held;
}

}  // namespace switchyard::plan
