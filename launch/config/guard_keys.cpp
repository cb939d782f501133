#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(GuardConfig& guard) {
  return {{"guard.enabled", &guard.enabled, Anything{}, Resume::free,
           "keep NaN, Inf and spikes out of the weights; false: end the run at what is not finite"},
          {"guard.spike_sigma", &guard.spike_sigma, Range{0, 1e6}, Resume::free,
           "robust deviations of loss or gradient norm that are a spike; 0: none is"},
          {"guard.window", &guard.window, Range{4, 1e6}, Resume::free,
           "steps that a new one is compared with; from a quarter of them on"},
          {"guard.skips", &guard.skips, Range{0, max_count}, Resume::free,
           "batches left out one after the other, before going back"},
          {"guard.rewinds", &guard.rewinds, Range{0, max_count}, Resume::free,
           "times a run goes back to a checkpoint, before it ends with exit code 6"},
          {"guard.rewind_checkpoints", &guard.rewind_checkpoints, Range{1, 1e6}, Resume::free,
           "how many checkpoints back; at most checkpoint.keep"},
          {"guard.compare_every", &guard.compare_every, Range{0, max_count}, Resume::free,
           "steps between comparisons of the copies of parameters; 0: never"},
          {"guard.repeat_every", &guard.repeat_every, Range{0, max_count}, Resume::free,
           "steps between those computed twice and compared; 0: none is"}};
}

}  // namespace switchyard
