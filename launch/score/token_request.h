// Texts as the tokens that a model is asked for, by the rules of lm-eval 0.4.13.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/tokens/tokenizer.h"
#include "train/inference/score.h"

namespace switchyard::tasks {

struct TextRequest {
  std::string context, continuation;
};

struct TokenRequest {
  ScoreRequest request;
  bool joined = false;  // a token spans where the continuation begins
  bool cut = false;     // tokens of the context were left out, for it to fit
};

class RequestEncoder {
 public:
  // max_length: tokens that the model reads; a request has one more. The caller keeps the
  // tokenizer.
  RequestEncoder(const Tokenizer& tokenizer, std::int64_t max_length)
      : tokenizer_(tokenizer), max_length_(max_length) {}

  // White space at the end of the context belongs to the continuation, whose tokens are those of
  // the whole text after as many as the context alone has. If none is left, because a token spans
  // the join, they are those of the continuation alone, where lm-eval gives up. The boundary token
  // comes first, once. The context is cut at its beginning. where: for errors.
  // Errors: Exit::data if the continuation has no token, or more than max_length.
  TokenRequest encode(std::string_view context, std::string_view continuation,
                      std::string_view where);

  // The requests whose sum is the log-probability of the whole text after the boundary: parts of
  // max_length tokens, the last one with as much context as fits. Each token is asked for once.
  std::vector<ScoreRequest> rolling(std::string_view text) const;

 private:
  std::vector<std::int32_t> whole(std::string_view text) const;

  const Tokenizer& tokenizer_;
  std::int64_t max_length_;
  // The context of the last request: the next one often has the same.
  std::string last_context_;
  std::vector<std::int32_t> last_tokens_;
};

}  // namespace switchyard::tasks
