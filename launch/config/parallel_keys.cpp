#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(ParallelConfig& parallel) {
  return {{"parallel.experts", &parallel.experts, AutoOrCount{}, Resume::free,
           "number of ranks that share one set of experts; auto: the largest that fits"},
          {"parallel.elastic", &parallel.elastic, Anything{}, Resume::free,
           "replace a degree that does not divide the ranks by the largest smaller one that does"}};
}

}  // namespace switchyard
