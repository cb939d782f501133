#include "train/sample.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/matmul.h"
#include "runtime/random.h"

namespace switchyard {
namespace {

std::int32_t likeliest(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

std::int32_t draw(std::span<const float> logits, const SampleConfig& config, double uniform) {
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto better = [&](std::int32_t a, std::int32_t b) {
    const float x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
    return x > y || (x == y && a < b);
  };
  std::sort(order.begin(), order.end(), better);
  if (config.top_k > 0 && config.top_k < std::ssize(order))
    order.resize(static_cast<std::size_t>(config.top_k));
  const double best = logits[static_cast<std::size_t>(order.front())];
  std::vector<double> cumulative;
  double sum = 0.0;
  for (const std::int32_t token : order) {
    sum += std::exp((logits[static_cast<std::size_t>(token)] - best) / config.temperature);
    cumulative.push_back(sum);
  }
  const auto chosen = std::upper_bound(cumulative.begin(), cumulative.end(), uniform * sum);
  return order[std::min(order.size() - 1, static_cast<std::size_t>(chosen - cumulative.begin()))];
}

// The last tokens that fit as one row, filled up with zeros: what stands after a token cannot
// change its logits.
struct Window {
  std::vector<std::int32_t> tokens, targets, positions;
  std::int64_t last;

  Window(const std::vector<std::int32_t>& text, std::int64_t context) {
    const std::int64_t used = std::min(std::ssize(text), context);
    tokens.assign(text.end() - used, text.end());
    tokens.resize(static_cast<std::size_t>(padded_rows(used)));
    targets.assign(tokens.size(), -1);
    positions.resize(tokens.size());
    std::iota(positions.begin(), positions.end(), 0);
    last = used - 1;
  }

  Batch batch() {
    const std::int64_t length = std::ssize(tokens);
    return {0,
            1,
            length,
            tensor_of(tokens.data(), {length}),
            tensor_of(targets.data(), {length}),
            tensor_of(positions.data(), {length})};
  }
};

}  // namespace

std::vector<std::int32_t> generate(Transformer& model, std::vector<std::int32_t> prompt,
                                   std::int64_t context, std::int32_t end_token,
                                   const SampleConfig& config, Stream& stream,
                                   const std::function<void(std::int32_t)>& on_token) {
  require(!prompt.empty(), Exit::usage, "a prompt needs at least one token");
  require(config.temperature >= 0, Exit::usage, "the temperature must be 0 or more, got {}",
          config.temperature);
  const std::int64_t whole_tiles = context / row_tile * row_tile;
  require(whole_tiles > 0, Exit::usage, "a context of {} tokens is shorter than {}", context,
          row_tile);
  const Random random(config.seed, Purpose::sampling);
  std::vector<float> logits(static_cast<std::size_t>(model.options().vocabulary));
  std::vector<std::int32_t> text = std::move(prompt), generated;
  for (std::int64_t i = 0; i < config.max_tokens; ++i) {
    Window window(text, whole_tiles);
    Transformer::Saved& saved = model.forward(window.batch(), stream);
    model.logits(saved, window.last, tensor_of(logits.data(), {std::ssize(logits)}), stream);
    const std::int32_t token =
        config.temperature == 0 ? likeliest(logits) : draw(logits, config, random.uniform(i));
    if (token == end_token) break;
    generated.push_back(token);
    text.push_back(token);
    if (on_token) on_token(token);
  }
  return generated;
}

}  // namespace switchyard
