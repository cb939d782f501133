#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(ParallelConfig& parallel) {
  return {{"parallel.experts", &parallel.experts, AutoOrCount{}, Resume::free,
           "number of ranks that share one set of experts; auto: the largest that fits"},
          {"parallel.elastic", &parallel.elastic, Anything{}, Resume::free,
           "replace a degree that does not divide the ranks by the largest smaller one that does"}};
}

std::vector<ConfigKey> keys_of(IslandsConfig& islands) {
  return {{"islands.count", &islands.count, Range{1, 1024}, Resume::fixed,
           "islands of equally many ranks, which train by themselves between exchanges"},
          {"islands.sync_every", &islands.sync_every, Range{0, max_count}, Resume::free,
           "steps between exchanges of each weight; 0: no islands"},
          {"islands.outer_rate", &islands.outer_rate, Range{0, 10}, Resume::free,
           "learning rate of the outer optimizer; 1 with outer_momentum = 0 is local SGD"},
          {"islands.outer_momentum", &islands.outer_momentum, Range{0, 0.9999}, Resume::free,
           "Nesterov momentum of the outer optimizer"},
          {"islands.aggregate", &islands.aggregate, Anything{}, Resume::free,
           "how the weights of islands become one"},
          {"islands.trim", &islands.trim, Range{0, 512}, Resume::free,
           "values that trimmed_mean leaves out on each side: as many islands may send anything"},
          {"islands.fragments", &islands.fragments, Range{1, 10000}, Resume::fixed,
           "parts of the model that are exchanged in turns"},
          {"islands.overlap_steps", &islands.overlap_steps, Range{0, max_count}, Resume::free,
           "steps in which an exchange goes on behind the training"},
          {"islands.mix", &islands.mix, Range{0, 1}, Resume::free,
           "share of its weights that an island keeps when it takes what was agreed on"},
          {"islands.payload", &islands.payload, Anything{}, Resume::free,
           "format in which weights travel: f32, or their changes in bf16 or int8"},
          {"islands.vote_every", &islands.vote_every, Range{1, max_count}, Resume::free,
           "steps between votes of all islands, in which they hear of signals and failures"}};
}

}  // namespace switchyard
