// How many bytes of activations a rank needs: what its arenas are sized for and what `switchyard
// plan` prints. A pass over counting arenas takes what the layers take.
#pragma once

#include <cstdint>

#include "model/config.h"
#include "model/transformer/activation_arenas.h"
#include "router/config.h"
#include "runtime/device/stream.h"

namespace switchyard {

// What activations depend on besides the model and the router. tokens: of a micro-batch.
struct ActivationInputs {
  std::int64_t vocabulary = 0, sequence_length = 0, tokens = 0;
  int num_expert_ranks = 1;  // of an expert group
  std::int64_t recompute_layers = 0;
  double load_factor = 1.0;  // rows that reach this rank's experts, relative to an even share
  bool guided = false;       // see Transformer::Options
  int mtp_modules = 0;       // of multi-token prediction that a step computes
  Device device{};  // of the tensors. A program without CUDA counts a GPU's too: only the scratch
                    // of attention and norms, which is small, is that of the stream's device.
};

// stream: the one that will compute; each of its threads has its own scratch.
ActivationBytes activation_bytes(const ModelConfig& model, const RouterConfig& router,
                                 const ActivationInputs& inputs, const Stream& stream);

}  // namespace switchyard
