// Log-probabilities of texts: what multiple-choice and perplexity tasks are made of.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "model/head/next_token.h"
#include "model/transformer/transformer.h"
#include "runtime/comm/mesh.h"

namespace switchyard {

// Asks for the tokens from `first` on, each given all before it. 1 <= first < tokens.size().
struct ScoreRequest {
  std::vector<std::int32_t> tokens{};
  std::int64_t first = 1;
};

struct Score {
  double log_probability = 0.0;  // in nats: the sum over the request's tokens, in their order
  bool greedy = true;  // each of them is the likeliest one, the first of several equally likely
  bool operator==(const Score&) const = default;
};

struct ScoreLayout {
  std::int64_t batch_tokens = 0;  // that a rank computes at a time; more if a request is longer
  std::int64_t max_rows = 1;      // of a batch: on a CPU, threads share the attention of rows
};

struct Scored {
  std::vector<Score> scores;    // one for each request
  std::int64_t num_tokens = 0;  // that the requests have, without each one's last
  std::int64_t num_computed =
      0;  // of these: requests that differ in their last token share the rest
};

// Collective; every rank passes the same requests and gets the same scores. The requests are packed
// like documents, so that a score depends on its request alone: on CPUs it has the same bits with
// any other requests, any layout and any number of ranks. progress(done, total), if given, is
// called on every rank between batches, with tokens.
// Errors: agreed; Exit::usage if a request has no token to score, Exit::numerical if a score is not
// finite.
Scored score(Transformer& model, Mesh& mesh, const std::vector<ScoreRequest>& requests,
             const ScoreLayout& layout, Stream& stream,
             const std::function<void(std::int64_t, std::int64_t)>& progress = {});

struct ScoredTokens {
  // What the model says of each token that is asked for, in the order of the requests.
  std::vector<NextTokenScore> tokens{};
  std::vector<std::size_t> begin{};               // of each request in `tokens`, and the end
  std::int64_t num_tokens = 0, num_computed = 0;  // as in Scored

  std::span<const NextTokenScore> of(std::size_t request) const {
    return std::span(tokens).subspan(begin[request], begin[request + 1] - begin[request]);
  }
};

class RouteCounts;  // train/inference/route_counts.h

struct TokenQuestion {
  double temperature = 1.0;       // that logits are divided by
  RouteCounts* routes = nullptr;  // the model's watch: counts the experts that the texts go to
  std::function<void(std::int64_t, std::int64_t)> progress{};
};

// Collective. The same walk, with what ModelOps::token_scores says of each token; 20 bytes of each
// on every rank. Errors: as score's.
ScoredTokens score_tokens(Transformer& model, Mesh& mesh, const std::vector<ScoreRequest>& requests,
                          const ScoreLayout& layout, Stream& stream,
                          const TokenQuestion& question = {});

}  // namespace switchyard
