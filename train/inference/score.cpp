#include "train/inference/score.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "runtime/error.h"
#include "runtime/params/rounded_values.h"
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

}  // namespace

Scored score(Transformer& model, Mesh& mesh, const std::vector<ScoreRequest>& requests,
             const ScoreLayout& layout, Stream& stream,
             const std::function<void(std::int64_t, std::int64_t)>& progress) {
  check(requests);
  const ScoreTexts texts(requests);
  Scored scored{std::vector<Score>(requests.size()), texts.num_request_tokens(),
                texts.num_tokens()};
  const std::vector<ScorePlace> places = pack_texts(texts, layout, mesh.world->size());
  const RoundedValues rounded(model.params(), stream);
  Sums sums(requests.size());
  const std::size_t ranks = static_cast<std::size_t>(mesh.world->size());
  const auto rank = static_cast<std::size_t>(mesh.world->rank());
  std::int64_t done = 0;
  for (std::size_t round = 0; round < places.size(); round += ranks) {
    const std::size_t mine = round + rank;
    if (mine < places.size()) {
      ScoreBatch batch(texts, places[mine], static_cast<std::int64_t>(mine));
      model.forward(batch.batch(), stream);
      take_scores(batch, model.scores(batch.asked, stream), sums);
    } else {
      model.forward(Batch{}, stream);  // the others' tokens may need this rank's experts
    }
    for (std::size_t i = round; i < std::min(round + ranks, places.size()); ++i) {
      done += places[i].num_tokens;
    }
    if (progress) progress(done, texts.num_tokens());
  }
  if (requests.empty()) return scored;
  const auto count = std::ssize(requests);
  mesh.world->all_reduce(tensor_of(sums.log_probability.data(), {count}), Reduce::sum, stream);
  mesh.world->all_reduce(tensor_of(sums.greedy.data(), {count}), Reduce::sum, stream);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (!std::isfinite(sums.log_probability[i])) {
      throw Error(Exit::numerical,
                  "the model's logits are not finite: its training has diverged; take an earlier "
                  "checkpoint")
          .as_agreed();
    }
    scored.scores[i] = {sums.log_probability[i], sums.greedy[i] > 0};
  }
  return scored;
}

}  // namespace switchyard
