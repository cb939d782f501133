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
      {"data.fill_in_middle", &data.objective.fill_in_middle, Range{0, 1}, Resume::fixed,
       "share of pieces whose middle moves to their end, between special tokens"},
      {"data.suffix_first", &data.objective.suffix_first, Range{0, 1}, Resume::fixed,
       "share of these with the suffix before the prefix"},
      {"data.spans", &data.objective.spans, Range{0, 1}, Resume::fixed,
       "share of pieces of which spans move to their end, between special tokens"},
      {"data.span_length", &data.objective.span_length, Range{1, 1024}, Resume::fixed,
       "mean length of these spans, in tokens"},
      {"data.span_share", &data.objective.span_share, Range{0.001, 0.5}, Resume::fixed,
       "share of the tokens of such a piece that its spans take"},
      {"data.noise", &data.objective.noise, Range{0, 1}, Resume::fixed,
       "share of input tokens that are replaced by others while training; targets stay"},
      {"data.mmap", &data.mmap, Anything{}, Resume::free,
       "map token files into memory; a file that is cut short kills the process"}};
}

}  // namespace switchyard
