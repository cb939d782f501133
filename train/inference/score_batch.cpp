#include "train/inference/score_batch.h"

#include <algorithm>
#include <numeric>

#include "runtime/product/matmul.h"

namespace switchyard {
namespace {

std::span<const std::int32_t> text_of(const ScoreRequest& request) {
  return std::span(request.tokens).first(request.tokens.size() - 1);
}

// Longer texts first, then by their tokens, then by the last token, then by number.
struct ByText {
  const std::vector<ScoreRequest>& requests;

  bool operator()(std::size_t a, std::size_t b) const {
    const auto &x = requests[a].tokens, &y = requests[b].tokens;
    if (x.size() != y.size()) return x.size() > y.size();
    return x != y ? x < y : a < b;
  }
};

// How many of the longest text fit into a row before each thread gets a row.
constexpr std::int64_t texts_per_row = 4;

// How many of the texts from `first` on fit into a batch of that many tokens, each in the emptiest
// row so far.
ScorePlace next_place(const ScoreTexts& texts, std::size_t first, std::int64_t tokens,
                      std::int64_t max_rows) {
  const std::int64_t longest = texts.length(first);
  ScorePlace place{.first = first,
                   .num_rows = std::clamp(tokens / (texts_per_row * longest), std::int64_t{1},
                                          std::max(std::int64_t{1}, max_rows))};
  const std::int64_t capacity = std::max(tokens / place.num_rows / row_tile * row_tile, longest);
  std::vector<std::int64_t> filled(static_cast<std::size_t>(place.num_rows));
  for (std::size_t text = first; text < texts.size(); ++text) {
    const auto emptiest = std::min_element(filled.begin(), filled.end());
    if (*emptiest + texts.length(text) > capacity) break;
    *emptiest += texts.length(text);
    place.num_tokens += texts.length(text);
    place.row_of.push_back(emptiest - filled.begin());
  }
  place.row_length = padded_rows(*std::max_element(filled.begin(), filled.end()));
  return place;
}

}  // namespace

ScoreTexts::ScoreTexts(const std::vector<ScoreRequest>& requests)
    : requests_(requests), order_(requests.size()) {
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::sort(order_.begin(), order_.end(), ByText{requests});
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const std::span<const std::int32_t> text = text_of(requests[order_[i]]);
    num_request_tokens_ += std::ssize(text);
    if (i > 0 && std::ranges::equal(text, text_of(requests[order_[i - 1]]))) continue;
    num_tokens_ += std::ssize(text);
    begin_.push_back(i);
  }
  begin_.push_back(order_.size());
}

std::vector<ScorePlace> pack_texts(const ScoreTexts& texts, const ScoreLayout& layout, int ranks) {
  // Smaller batches if there would be none for some ranks.
  const std::int64_t share = padded_rows((texts.num_tokens() + ranks - 1) / ranks);
  const std::int64_t tokens = std::min(layout.batch_tokens, share);
  std::vector<ScorePlace> places;
  for (std::size_t first = 0; first < texts.size(); first += places.back().row_of.size()) {
    places.push_back(next_place(texts, first, tokens, layout.max_rows));
  }
  return places;
}

ScoreBatch::ScoreBatch(const ScoreTexts& texts, const ScorePlace& place, std::int64_t index)
    : index_(index),
      num_rows_(place.num_rows),
      row_length_(place.row_length),
      // Rows are filled up with texts of one token, one that is needed anyway.
      tokens_(static_cast<std::size_t>(num_rows_ * row_length_),
              texts.request(texts.requests_of(place.first).front()).tokens.front()),
      targets_(tokens_.size(), -1),
      positions_(tokens_.size(), 0) {
  std::vector<std::int64_t> filled(static_cast<std::size_t>(num_rows_));
  for (std::size_t i = 0; i < place.row_of.size(); ++i) {
    std::int64_t& used = filled[static_cast<std::size_t>(place.row_of[i])];
    add_text(texts, place.first + i, place.row_of[i] * row_length_ + used);
    used += texts.length(place.first + i);
  }
}

void ScoreBatch::add_text(const ScoreTexts& texts, std::size_t text, std::int64_t place) {
  const std::span<const std::size_t> numbers = texts.requests_of(text);
  const std::vector<std::int32_t>& tokens = texts.request(numbers.front()).tokens;
  const std::int64_t length = texts.length(text);
  placed.push_back({place, length, numbers});
  std::copy_n(tokens.begin(), length, tokens_.begin() + place);
  std::iota(positions_.begin() + place, positions_.begin() + place + length, 0);
  const auto ask = [&](std::int64_t at, std::int32_t token) {
    asked.push_back({static_cast<std::int32_t>(place + at), token});
  };
  // What all of them ask, then the last tokens, each once.
  std::int64_t first = length;
  for (const std::size_t number : numbers) first = std::min(first, texts.request(number).first);
  const std::size_t shared = asked.size();
  for (std::int64_t next = first; next < length; ++next) ask(next - 1, tokens[next]);
  const std::size_t end = asked.size();
  for (const std::size_t number : numbers) {
    const ScoreRequest& request = texts.request(number);
    const std::int32_t last = request.tokens.back();
    if (asked.size() == end || asked.back().token != last) ask(length - 1, last);
    const auto skipped = static_cast<std::size_t>(request.first - first);
    answers.push_back({number, shared + skipped, end, asked.size() - 1});
  }
}

Batch ScoreBatch::batch() {
  const std::int64_t count = std::ssize(tokens_);
  return {index_,
          num_rows_,
          row_length_,
          tensor_of(tokens_.data(), {count}),
          tensor_of(targets_.data(), {count}),
          tensor_of(positions_.data(), {count})};
}

}  // namespace switchyard
