#include "train/inference/score.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "runtime/error.h"
#include "runtime/params/rounded_values.h"
#include "train/inference/route_counts.h"
#include "train/inference/score_batch.h"

namespace switchyard {
namespace {

void check(const std::vector<ScoreRequest>& requests) {
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto& [tokens, first] = requests[i];
    require(first >= 1 && first < std::ssize(tokens), Exit::usage,
            "request {} has {} tokens and none to score from {} on", i, tokens.size(), first);
  }
}

// What ranks add up: a sum with zeros changes no bit.
struct Sums {
  explicit Sums(std::size_t requests) : log_probability(requests), greedy(requests) {}
  std::vector<double> log_probability;
  std::vector<std::int64_t> greedy;
};

void take_scores(const ScoreBatch& batch, std::span<const NextTokenScore> scores, Sums& sums) {
  for (const ScoreBatch::Answer& answer : batch.answers) {
    double sum = 0.0;
    bool greedy = true;
    const auto take = [&](std::size_t i) {
      sum -= static_cast<double>(scores[i].loss);
      greedy &= scores[i].best == batch.asked[i].token;
    };
    for (std::size_t i = answer.begin; i < answer.end; ++i) take(i);
    take(answer.last);
    sums.log_probability[answer.request] = sum;
    sums.greedy[answer.request] = greedy ? 1 : 0;
  }
}

using Progress = std::function<void(std::int64_t, std::int64_t)>;

// Collective. Computes the texts, and calls take(batch, scores) for each of this rank's batches.
template <class Take>
void walk(Transformer& model, Mesh& mesh, const ScoreTexts& texts, const ScoreLayout& layout,
          Stream& stream, const TokenQuestion& question, Take take) {
  const std::vector<ScorePlace> places = pack_texts(texts, layout, mesh.world->size());
  const RoundedValues rounded(model.params(), stream);
  const std::size_t ranks = static_cast<std::size_t>(mesh.world->size());
  const auto rank = static_cast<std::size_t>(mesh.world->rank());
  std::int64_t done = 0;
  for (std::size_t round = 0; round < places.size(); round += ranks) {
    const std::size_t mine = round + rank;
    if (mine < places.size()) {
      ScoreBatch batch(texts, places[mine], static_cast<std::int64_t>(mine));
      if (question.routes != nullptr) question.routes->follow(batch);
      model.forward(batch.batch(), stream);
      take(batch, model.scores(batch.asked, stream, question.temperature));
    } else {
      model.forward(Batch{}, stream);  // the others' tokens may need this rank's experts
    }
    for (std::size_t i = round; i < std::min(round + ranks, places.size()); ++i) {
      done += places[i].num_tokens;
    }
    if (question.progress) question.progress(done, texts.num_tokens());
  }
}

void require_finite(double score) {
  if (std::isfinite(score)) return;
  throw Error(Exit::numerical,
              "the model's logits are not finite: its training has diverged; take an earlier "
              "checkpoint")
      .as_agreed();
}

// Tokens of the requests, as ranks add them up: five words each.
class TokenSums {
 public:
  explicit TokenSums(std::size_t tokens) : figures_(4 * tokens), best_(tokens) {}

  // A zero is never negative, so that the sum with other ranks' zeros changes no bit.
  void set(std::size_t token, const NextTokenScore& score) {
    float* figures = &figures_[4 * token];
    figures[0] = score.loss + 0.0F;
    figures[1] = score.best_probability;
    figures[2] = score.entropy + 0.0F;
    figures[3] = score.log_sum + 0.0F;
    best_[token] = score.best;
  }
  void reduce(Comm& world, Stream& stream) {
    if (best_.empty()) return;
    world.all_reduce(tensor_of(figures_.data(), {std::ssize(figures_)}), Reduce::sum, stream);
    world.all_reduce(tensor_of(best_.data(), {std::ssize(best_)}), Reduce::sum, stream);
  }
  NextTokenScore operator[](std::size_t token) const {
    const float* figures = &figures_[4 * token];
    return {figures[0], best_[token], figures[1], figures[2], figures[3]};
  }

 private:
  std::vector<float> figures_;
  std::vector<std::int32_t> best_;
};

}  // namespace

Scored score(Transformer& model, Mesh& mesh, const std::vector<ScoreRequest>& requests,
             const ScoreLayout& layout, Stream& stream, const Progress& progress) {
  check(requests);
  const ScoreTexts texts(requests);
  Scored scored{std::vector<Score>(requests.size()), texts.num_request_tokens(),
                texts.num_tokens()};
  Sums sums(requests.size());
  walk(model, mesh, texts, layout, stream, {.progress = progress},
       [&](const ScoreBatch& batch, std::span<const NextTokenScore> scores) {
         take_scores(batch, scores, sums);
       });
  if (requests.empty()) return scored;
  const auto count = std::ssize(requests);
  mesh.world->all_reduce(tensor_of(sums.log_probability.data(), {count}), Reduce::sum, stream);
  mesh.world->all_reduce(tensor_of(sums.greedy.data(), {count}), Reduce::sum, stream);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    require_finite(sums.log_probability[i]);
    scored.scores[i] = {sums.log_probability[i], sums.greedy[i] > 0};
  }
  return scored;
}

ScoredTokens score_tokens(Transformer& model, Mesh& mesh, const std::vector<ScoreRequest>& requests,
                          const ScoreLayout& layout, Stream& stream,
                          const TokenQuestion& question) {
  check(requests);
  require(question.temperature > 0, Exit::usage, "a temperature must be above 0, got {}",
          question.temperature);
  const ScoreTexts texts(requests);
  if (question.routes != nullptr) question.routes->begin(requests.size(), model);
  ScoredTokens scored{
      .begin = {0}, .num_tokens = texts.num_request_tokens(), .num_computed = texts.num_tokens()};
  for (const ScoreRequest& request : requests) {
    scored.begin.push_back(scored.begin.back() + request.tokens.size() -
                           static_cast<std::size_t>(request.first));
  }
  TokenSums sums(scored.begin.back());
  walk(model, mesh, texts, layout, stream, question,
       [&](const ScoreBatch& batch, std::span<const NextTokenScore> scores) {
         for (const ScoreBatch::Answer& answer : batch.answers) {
           std::size_t token = scored.begin[answer.request];
           for (std::size_t i = answer.begin; i < answer.end; ++i) sums.set(token++, scores[i]);
           sums.set(token, scores[answer.last]);
         }
       });
  if (question.routes != nullptr) question.routes->finish(*mesh.world, stream);
  sums.reduce(*mesh.world, stream);
  for (std::size_t i = 0; i < scored.begin.back(); ++i) {
    scored.tokens.push_back(sums[i]);
    require_finite(static_cast<double>(scored.tokens.back().loss));
  }
  return scored;
}

}  // namespace switchyard
