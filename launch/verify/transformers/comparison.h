// What transformers computed beside what we computed, and where the two part.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace switchyard {

// How far rounding may carry the two from each other: they add in other orders and formats.
struct RoundingLimits {
  double row = 0.0;   // distance of a token's hidden state over its norm
  double loss = 0.0;  // nats
};
inline constexpr RoundingLimits f32_limits{1e-3, 1e-5}, bf16_limits{5e-2, 2e-2};

struct ComparedTensor {
  std::string tensor;               // "layer3.attention": the stream between attention and FFN
  std::int64_t beyond = 0;          // tokens further from transformers' than the limit
  double median = 0.0, most = 0.0;  // of the tokens' distances
};

struct TransformersResult {
  double loss = 0.0;
  std::string model, transformers, torch;  // its class, and versions
  std::vector<ComparedTensor> tensors;     // in the order of computation
};

// Errors: Exit::internal for a file that the child does not write.
TransformersResult read_result(const std::filesystem::path& file);

// The first tensor of which more than a hundredth of the tokens lie beyond rounding; a gate that
// finds two experts equally good may move single tokens. Nothing if there is none.
std::optional<ComparedTensor> first_parted(const TransformersResult& result, std::int64_t tokens);

// "layer3, in its attention", for a tensor's name.
std::string place_in_words(const std::string& tensor);

}  // namespace switchyard
