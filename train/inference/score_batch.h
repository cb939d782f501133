// How the requests of score() become batches: requests that differ in their last token alone are
// one text, and texts share rows as documents do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/head/next_token.h"
#include "runtime/batch.h"
#include "train/inference/score.h"

namespace switchyard {

// The texts to compute, longest first: the tokens of requests without the last. The caller keeps
// the requests.
class ScoreTexts {
 public:
  explicit ScoreTexts(const std::vector<ScoreRequest>& requests);

  std::size_t size() const { return begin_.size() - 1; }
  // Those of text i, by their last token.
  std::span<const std::size_t> requests_of(std::size_t i) const {
    return std::span(order_).subspan(begin_[i], begin_[i + 1] - begin_[i]);
  }
  const ScoreRequest& request(std::size_t number) const { return requests_[number]; }
  std::int64_t length(std::size_t i) const {
    return std::ssize(requests_[order_[begin_[i]]].tokens) - 1;
  }
  std::int64_t num_tokens() const { return num_tokens_; }
  std::int64_t num_request_tokens() const { return num_request_tokens_; }

 private:
  const std::vector<ScoreRequest>& requests_;
  std::vector<std::size_t> order_;  // numbers of requests, by text
  std::vector<std::size_t> begin_;  // of each text in order_, and the end
  std::int64_t num_tokens_ = 0, num_request_tokens_ = 0;
};

// A batch of texts [first, first + row_of.size()), each in one of num_rows rows.
struct ScorePlace {
  std::size_t first = 0;
  std::vector<std::int64_t> row_of{};
  std::int64_t num_rows = 1, row_length = 0;  // a multiple of row_tile
  std::int64_t num_tokens = 0;                // of the texts
};

// Fills batches with texts in order. The batches suit the number of ranks, but no result depends on
// them.
std::vector<ScorePlace> pack_texts(const ScoreTexts& texts, const ScoreLayout& layout, int ranks);

// The batch itself, and what to ask the model about it.
class ScoreBatch {
 public:
  ScoreBatch(const ScoreTexts& texts, const ScorePlace& place, std::int64_t index);
  ScoreBatch(const ScoreBatch&) = delete;
  ScoreBatch& operator=(const ScoreBatch&) = delete;

  Batch batch();  // a view

  // The request's tokens are asked[begin, end) and asked[last].
  struct Answer {
    std::size_t request, begin, end, last;
  };
  // Where the tokens of a text are in the batch, and who asks about it.
  struct Placed {
    std::int64_t begin, length;
    std::span<const std::size_t> requests;
  };
  std::vector<NextToken> asked;
  std::vector<Placed> placed;
  std::vector<Answer> answers;

 private:
  void add_text(const ScoreTexts& texts, std::size_t text, std::int64_t place);

  std::int64_t index_, num_rows_, row_length_;
  std::vector<std::int32_t> tokens_, targets_, positions_;
};

}  // namespace switchyard
