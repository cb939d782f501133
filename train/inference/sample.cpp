#include "train/inference/sample.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "model/attention/past.h"
#include "runtime/params/rounded_values.h"
#include "runtime/product/matmul.h"
#include "runtime/random.h"

namespace switchyard {
namespace {

std::int32_t most_likely(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

std::int32_t draw(std::span<const float> logits, const SampleConfig& config, double uniform) {
  Tokens order(logits.size());
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
  if (config.top_p < 1.0) {
    const auto last = std::lower_bound(cumulative.begin(), cumulative.end(), config.top_p * sum);
    cumulative.erase(std::min(last + 1, cumulative.end()), cumulative.end());
    sum = cumulative.back();
  }
  const auto chosen = std::upper_bound(cumulative.begin(), cumulative.end(), uniform * sum);
  const auto index = static_cast<std::size_t>(chosen - cumulative.begin());
  return order[std::min(cumulative.size() - 1, index)];
}

// Rows of tokens that the caller fills in, as one batch.
struct Rows {
  Tokens tokens, targets, positions;

  explicit Rows(std::int64_t count)
      : tokens(static_cast<std::size_t>(count)),
        targets(tokens.size(), -1),
        positions(tokens.size()) {}

  Batch batch(std::int64_t num_sequences, Past* past) {
    const std::int64_t count = std::ssize(tokens);
    Batch batch{0,
                num_sequences,
                count / num_sequences,
                tensor_of(tokens.data(), {count}),
                tensor_of(targets.data(), {count}),
                tensor_of(positions.data(), {count})};
    batch.past = past;
    return batch;
  }
};

class Writer {
 public:
  Writer(Transformer& model, const std::vector<Tokens>& prompts, std::int64_t context,
         std::int32_t end_token, const SampleConfig& config, Stream& stream)
      : model_(model),
        config_(config),
        stream_(stream),
        rounded_(model.params(), stream),
        end_token_(end_token),
        random_(config.seed, Purpose::sampling),
        texts_(prompts),
        sampled_(prompts.size()),
        past_(model.config(), std::ssize(prompts), context, stream.device()),
        logits_({std::ssize(prompts), model.options().vocabulary}, DType::f32) {}

  std::vector<SampledText> write(const std::function<void(std::size_t, std::int32_t)>& on_token) {
    for (std::size_t text = 0; text < texts_.size(); ++text) read(text);
    for (std::int64_t i = 0;; ++i) {
      for (std::size_t text = 0; text < texts_.size(); ++text) choose(text, i, on_token);
      if (i + 1 >= config_.max_tokens) break;
      if (std::all_of(sampled_.begin(), sampled_.end(), [](const auto& t) { return t.ended; })) {
        break;
      }
      advance();
    }
    return std::move(sampled_);
  }

 private:
  // Computes a text's last tokens from the start, as many as leave space for more, and the logits
  // of the next one.
  void read(std::size_t text) {
    const Tokens& all = texts_[text];
    const std::int64_t capacity = past_.capacity();
    sampled_[text].filled_context |= std::ssize(all) >= capacity;
    const std::int64_t used =
        std::ssize(all) < capacity ? std::ssize(all) : std::max(std::int64_t{1}, capacity / 2);
    Rows rows(padded_rows(used));
    std::copy(all.end() - used, all.end(), rows.tokens.begin());
    std::iota(rows.positions.begin(), rows.positions.end(), 0);
    model_.forward(rows.batch(1, nullptr), stream_);
    model_.remember(static_cast<std::int64_t>(text), used, past_, stream_);
    model_.logits(used - 1, logits_of(text), stream_);
  }

  // Computes the texts' last tokens, all at once; a text that is full is read again. The rows that
  // fill up the tile repeat text 0, so that they use no other experts.
  void advance() {
    const std::int64_t tile = row_tile_on(stream_.device()), count = std::ssize(texts_);
    Rows rows((count + tile - 1) / tile * tile);
    for (std::size_t row = 0; row < rows.tokens.size(); ++row) {
      const std::size_t text = row < texts_.size() ? row : 0;
      rows.tokens[row] = texts_[text].back();
      rows.positions[row] =
          static_cast<std::int32_t>(past_.length(static_cast<std::int64_t>(text)));
    }
    model_.forward(rows.batch(std::ssize(rows.tokens), &past_), stream_);
    model_.logits(0, logits_, stream_);
    for (std::size_t text = 0; text < texts_.size(); ++text) {
      const auto index = static_cast<std::int64_t>(text);
      if (sampled_[text].ended) continue;
      past_.set_length(index, past_.length(index) + 1);
      if (past_.length(index) == past_.capacity()) read(text);
    }
  }

  void choose(std::size_t text, std::int64_t i,
              const std::function<void(std::size_t, std::int32_t)>& on_token) {
    SampledText& sampled = sampled_[text];
    if (sampled.ended) return;
    const Tensor row = logits_of(text);
    const std::int64_t count = config_.num_ids > 0 ? config_.num_ids : row.size();
    const std::span<const float> logits(row.as<float>(), static_cast<std::size_t>(count));
    require(std::all_of(logits.begin(), logits.end(), [](float x) { return std::isfinite(x); }),
            Exit::numerical,
            "the model's logits are not finite: its training has diverged; take an earlier "
            "checkpoint");
    const std::uint64_t number = (config_.first_text + text) << 32U | static_cast<std::uint64_t>(i);
    const std::int32_t token = config_.temperature == 0
                                   ? most_likely(logits)
                                   : draw(logits, config_, random_.uniform(number));
    sampled.ended = token == end_token_;
    if (sampled.ended) return;
    sampled.tokens.push_back(token);
    texts_[text].push_back(token);
    if (on_token) on_token(text, token);
  }

  Tensor logits_of(std::size_t text) const {
    const auto row = static_cast<std::int64_t>(text);
    return logits_.tensor().row_range(row, row + 1);
  }

  Transformer& model_;
  const SampleConfig& config_;
  Stream& stream_;
  RoundedValues rounded_;
  std::int32_t end_token_;
  Random random_;
  std::vector<Tokens> texts_;
  std::vector<SampledText> sampled_;
  Past past_;
  Buffer logits_;  // [texts, vocabulary], of each text's next token
};

}  // namespace

std::vector<SampledText> generate(Transformer& model, const std::vector<Tokens>& prompts,
                                  std::int64_t context, std::int32_t end_token,
                                  const SampleConfig& config, Stream& stream,
                                  const std::function<void(std::size_t, std::int32_t)>& on_token) {
  require(!prompts.empty(), Exit::usage, "there is no prompt");
  for (const Tokens& prompt : prompts) {
    require(!prompt.empty(), Exit::usage, "a prompt needs at least one token");
  }
  require(config.num_ids <= model.options().vocabulary, "{} ids of a model with {}", config.num_ids,
          model.options().vocabulary);
  require(config.temperature >= 0, Exit::usage, "the temperature must be 0 or more, got {}",
          config.temperature);
  require(config.top_p > 0 && config.top_p <= 1, Exit::usage,
          "top-p must be more than 0 and at most 1, got {}", config.top_p);
  const std::int64_t whole_tiles = context / row_tile * row_tile;
  require(whole_tiles > 0, Exit::usage, "a context of {} tokens is shorter than {}", context,
          row_tile);
  return Writer(model, prompts, whole_tiles, end_token, config, stream).write(on_token);
}

}  // namespace switchyard
