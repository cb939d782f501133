// Text from a trained model, one token after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "model/transformer.h"

namespace switchyard {

struct SampleConfig {
  std::int64_t max_tokens = 200;
  double temperature = 0.8;  // 0: always the likeliest token
  int top_k = 0;             // 0: all
  std::uint64_t seed = 1;
};

// Collective over the model's ranks; every rank passes the same prompt and returns the same tokens
// (the prompt is not repeated). Ends before `end_token`. on_token is called for each token as it
// comes, on every rank.
std::vector<std::int32_t> generate(Transformer& model, std::vector<std::int32_t> prompt,
                                   std::int64_t context, std::int32_t end_token,
                                   const SampleConfig& config, Stream& stream,
                                   const std::function<void(std::int32_t)>& on_token);

}  // namespace switchyard
