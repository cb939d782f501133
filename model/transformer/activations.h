// How many bytes of activations a rank needs: what its arenas are sized for and what `switchyard
// plan` prints. Mirrors what the layers take from their arenas
// (tests/train/step/activations_test.cpp).
#pragma once

#include <cstdint>

#include "model/config.h"
#include "router/config.h"
#include "runtime/device/stream.h"

namespace switchyard {

// What activations depend on besides the model. tokens: of a micro-batch.
struct ActivationInputs {
  std::int64_t vocabulary = 0, sequence_length = 0, tokens = 0;
  int num_expert_ranks = 1;  // of an expert group
  std::int64_t recompute_layers = 0;
  double load_factor = 1.0;  // rows that reach this rank's experts, over an even share
};

struct ActivationBytes {
  std::int64_t kept = 0;        // from forward to backward
  std::int64_t recomputed = 0;  // of one recomputed layer
  std::int64_t scratch = 0;     // of the neediest moment within one layer
  std::int64_t total() const { return kept + recomputed + scratch; }
};

// stream: the one that will compute; each of its threads has scratch of its own.
ActivationBytes activation_bytes(const ModelConfig& model, const RouterConfig& router,
                                 const ActivationInputs& inputs, const Stream& stream);

}  // namespace switchyard
