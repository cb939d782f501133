// MaskStream: 16 random bits for each element of a mask. A mask is kept nowhere: whoever needs it
// draws it again. docs/regularise.md shows how to do that in Python.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/random.h"
#include "runtime/random_words.h"

namespace switchyard {

class MaskStream {
 public:
  // name: key_of_name() of what is masked; number: which of its masks in the step.
  MaskStream(std::uint64_t seed, Purpose purpose, std::uint64_t step, std::uint64_t name,
             std::uint64_t number);

  // The bits of the elements from `first` on. Requires: first is a multiple of 8.
  void fill(std::int64_t first, std::span<std::uint16_t> out) const;

 private:
  RandomWords words_;
};

}  // namespace switchyard
