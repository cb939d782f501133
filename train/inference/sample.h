// Generates text with a trained model, token by token, for many texts at once.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "model/transformer/transformer.h"

namespace switchyard {

struct SampleConfig {
  std::int64_t max_tokens = 200;
  double temperature = 0.8;  // 0: always the most likely token
  int top_k = 0;             // choose among the k most likely tokens; 0: among all
  std::uint64_t seed = 1;
};

using Tokens = std::vector<std::int32_t>;

// Collective over the model's ranks; every rank passes the same prompts and returns the same tokens
// without the prompts. Each text ends before `end_token`; the same prompt twice gives two texts.
// on_token(text, token) is called for each token as it comes, on every rank. Keys and values of
// earlier tokens are kept; a text that fills the context continues from its later half.
// Errors: Exit::numerical if the model's logits are not finite.
std::vector<Tokens> generate(Transformer& model, const std::vector<Tokens>& prompts,
                             std::int64_t context, std::int32_t end_token,
                             const SampleConfig& config, Stream& stream,
                             const std::function<void(std::size_t, std::int32_t)>& on_token);

}  // namespace switchyard
