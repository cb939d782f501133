#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(DataConfig& data) {
  return {
      {"data.dataset", &data.dataset, Path{}, Resume::free,
       "folder written by `switchyard prepare`"},
      {"data.sequence_length", &data.sequence_length, Range{1, 1 << 24}, Resume::fixed,
       "tokens per row"},
      {"data.weights", &data.weights, Range{0, SampleOrder::largest_weight}, Resume::fixed,
       "passes over each source in an epoch; 1 for a source without an entry"},
      {"data.phases", &data.phases, Range{0, SampleOrder::largest_weight}, Resume::fixed,
       "{ NAME = { from = STEP, weights = { SOURCE = PASSES } } }: from a step on, other weights"},
      {"data.loss_on", &data.loss_on, Anything{}, Resume::fixed,
       "which tokens have a loss: all, or those behind the prompts that prepare marked"},
      {"data.mmap", &data.mmap, Anything{}, Resume::free,
       "map token files into memory; a file that is cut short kills the process"}};
}

}  // namespace switchyard
