#include "io/prepare/words/numbered_keys.h"

#include <algorithm>

#include "runtime/error.h"

namespace switchyard::prepare {

void NumberedKeys::clear() {
  keys_.clear();
  std::fill(slots_.begin(), slots_.end(), free_slot);
}

void NumberedKeys::grow() {
  require(keys_.size() < free_slot / 2, Exit::data, "more than {} distinct keys in one table",
          keys_.size());
  slots_.assign(2 * slots_.size(), free_slot);
  --shift_;
  for (std::uint32_t number = 0; number < size(); ++number) {
    slots_[place_of(keys_[number])] = number;
  }
}

}  // namespace switchyard::prepare
