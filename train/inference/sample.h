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
  std::int64_t num_ids = 0;  // choose among the model's first ids, those of the tokenizer; 0: all
  int top_k = 0;             // choose among the k most likely tokens; 0: among all
  double top_p = 1.0;        // and among the fewest whose probabilities add up to this
  std::uint64_t seed = 1;
  std::uint64_t first_text = 0;  // number of the first prompt: each number draws its own tokens
};

using Tokens = std::vector<std::int32_t>;

struct SampledText {
  Tokens tokens;                // without the prompt and the end token
  bool ended = false;           // by the end token; else after max_tokens
  bool filled_context = false;  // so that the model no longer saw its beginning
  bool operator==(const SampledText&) const = default;
};

// Collective over the model's ranks; every rank passes the same prompts and returns the same texts.
// Each text ends before `end_token`; the same prompt twice gives two texts.
// on_token(text, token) is called for each token as it comes, on every rank. Keys and values of
// earlier tokens are kept; a text that fills the context continues from its later half.
// Errors: Exit::numerical if the model's logits are not finite.
std::vector<SampledText> generate(Transformer& model, const std::vector<Tokens>& prompts,
                                  std::int64_t context, std::int32_t end_token,
                                  const SampleConfig& config, Stream& stream,
                                  const std::function<void(std::size_t, std::int32_t)>& on_token);

}  // namespace switchyard
