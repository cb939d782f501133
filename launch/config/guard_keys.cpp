#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(GuardConfig& guard) {
  return {{"guard.enabled", &guard.enabled, Anything{}, Resume::free,
           "keep NaN, Inf and spikes out of the weights; false: end the run at a NaN or Inf"},
          {"guard.spike_sigma", &guard.spike_sigma, Range{0, 1e6}, Resume::free,
           "robust deviations from which a loss or gradient norm is a spike; 0 disables it"},
          {"guard.window", &guard.window, Range{4, 1e6}, Resume::free,
           "number of steps that a new one is compared with, once a quarter of them are there"},
          {"guard.skips", &guard.skips, Range{0, max_count}, Resume::free,
           "batches to leave out in a row before going back to a checkpoint"},
          {"guard.rewinds", &guard.rewinds, Range{0, max_count}, Resume::free,
           "times a run goes back to a checkpoint before it ends with exit code 6"},
          {"guard.rewind_checkpoints", &guard.rewind_checkpoints, Range{1, 1e6}, Resume::free,
           "number of checkpoints to go back; at most checkpoint.keep"},
          {"guard.compare_every", &guard.compare_every, Range{0, max_count}, Resume::free,
           "steps between comparisons of the replicas of parameters; 0: never"},
          {"guard.repeat_every", &guard.repeat_every, Range{0, max_count}, Resume::free,
           "steps between steps that are computed twice and compared; 0: never"}};
}

}  // namespace switchyard
