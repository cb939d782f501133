// ActivationArenas: the memory of a model's activations, by how long it is needed.
#pragma once

#include <cstdint>

#include "runtime/tensor.h"

namespace switchyard {

struct ActivationBytes {
  std::int64_t kept = 0;        // from forward to backward
  std::int64_t recomputed = 0;  // of one recomputed layer
  std::int64_t scratch = 0;     // of the neediest moment within one layer
  std::int64_t total() const { return kept + recomputed + scratch; }
};

struct ActivationArenas {
  Arena kept;        // of a micro-batch
  Arena recomputed;  // of the one recomputed layer that is in forward or backward now
  Arena scratch;     // of a layer's pass

  explicit ActivationArenas(Device device) : kept(device), recomputed(device), scratch(device) {}
  // See Arena::counting.
  static ActivationArenas counting(Device device) {
    ActivationArenas arenas(device);
    for (Arena* arena : {&arenas.kept, &arenas.recomputed, &arenas.scratch})
      *arena = Arena::counting(device);
    return arenas;
  }

  // Requires: nothing was taken or reserved before.
  void reserve(const ActivationBytes& bytes) {
    kept.reserve(bytes.kept);
    recomputed.reserve(bytes.recomputed);
    scratch.reserve(bytes.scratch);
  }
  std::int64_t held_bytes() const {
    return kept.held_bytes() + recomputed.held_bytes() + scratch.held_bytes();
  }
  ActivationBytes used() const {  // by the fullest micro-batch so far
    return {kept.high_water_bytes(), recomputed.high_water_bytes(), scratch.high_water_bytes()};
  }
};

}  // namespace switchyard
