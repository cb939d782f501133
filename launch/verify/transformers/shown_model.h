// What our model computes for a few rows of a dataset, written where another program reads it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "io/tokens/token_store.h"
#include "launch/config/config.h"
#include "runtime/comm/comm.h"

namespace switchyard {

struct ShownModel {
  double loss = 0.0;  // mean over the targets, in nats
  std::int64_t tokens = 0, targets = 0;
  std::vector<std::string> tensors;  // "embedding", "layer0.attention", "layer0.output", ...
};

// Collective over `world`, which has one rank. Computes the first micro-batches of step 0 of a run,
// of about `most_tokens` tokens, with these weights. Writes into `folder`, in one order of tokens:
// tokens.i32, targets.i32, positions.i32 [tokens], and TENSOR.f32 [tokens, hidden] for each tensor.
// Errors: Exit::data if the weights do not fit the config; Exit::numerical for a loss that is not
// finite; Exit::storage.
ShownModel show_model(const Config& config, const CheckpointReader& weights,
                      const TokenStore& store, std::int64_t most_tokens,
                      const std::filesystem::path& folder, std::unique_ptr<Comm> world);

}  // namespace switchyard
