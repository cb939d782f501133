#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(ParallelConfig& parallel) {
  return {{"parallel.experts", &parallel.experts, AutoOrCount{}, Resume::free,
           "ranks that share one set of experts; auto: the most that fit"},
          {"parallel.elastic", &parallel.elastic, Anything{}, Resume::free,
           "a degree that does not divide the ranks becomes the largest that does"}};
}

}  // namespace switchyard
