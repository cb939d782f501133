#include "train/inference/score.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/product/matmul.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"
#include "train/inference/score_batch.h"

namespace switchyard {
namespace score_test {

using Tokens = std::vector<std::int32_t>;

SmallConfig score_config() {
  SmallConfig config;
  config.sequence_length = 40;
  return config;
}

// A model on all ranks with the widest expert degree, or on this rank alone. Both have the same
// weights, which have learned a little.
SmallRun trained(bool alone = false, std::int64_t steps = 3) {
  const SmallConfig config = score_config();
  const int degree = alone ? 1 : largest_divisor(test_world().size(), config.model.num_experts);
  SmallRun run(config, test_world().split(alone ? test_world().rank() : 0, test_world().rank()),
               degree);
  run.losses(0, steps);
  return run;
}

// Texts of 2 to 40 tokens; every fourth has three more that end otherwise, one of which scores
// more.
std::vector<ScoreRequest> made_requests(std::int64_t count) {
  std::vector<ScoreRequest> requests;
  const Random random(5, Purpose::init);
  std::uint64_t draws = 0;
  const auto draw = [&](std::int64_t below) {
    return static_cast<std::int64_t>(random.uniform(draws++) * static_cast<double>(below));
  };
  for (std::int64_t i = 0; i < count; ++i) {
    ScoreRequest request{Tokens(static_cast<std::size_t>(2 + draw(39))), 1};
    for (std::int32_t& token : request.tokens) token = static_cast<std::int32_t>(draw(50));
    request.first = 1 + draw(std::ssize(request.tokens) - 1);
    requests.push_back(request);
    for (int more = 0; i % 4 == 0 && more < 3; ++more) {
      request.tokens.back() = static_cast<std::int32_t>(draw(50));
      if (more == 1) request.first = 1;
      requests.push_back(request);
    }
  }
  return requests;
}

std::vector<Score> scores_of(SmallRun& run, const std::vector<ScoreRequest>& requests,
                             const ScoreLayout& layout) {
  return score(run.model(), run.mesh(), requests, layout, run.stream()).scores;
}

// The request alone, from logits by another path, in double.
Score reference_score(SmallRun& run, const ScoreRequest& request) {
  Tokens tokens = request.tokens;
  tokens.resize(static_cast<std::size_t>(padded_rows(std::ssize(tokens))));
  Tokens targets(tokens.size(), -1), positions(tokens.size());
  std::iota(positions.begin(), positions.begin() + std::ssize(request.tokens), 0);
  const std::int64_t length = std::ssize(tokens);
  run.model().forward({0, 1, length, tensor_of(tokens.data(), {length}),
                       tensor_of(targets.data(), {length}), tensor_of(positions.data(), {length})},
                      run.stream());
  Score score;
  for (std::int64_t next = request.first; next < std::ssize(request.tokens); ++next) {
    std::vector<float> logits(static_cast<std::size_t>(run.model().options().vocabulary));
    run.model().logits(next - 1, tensor_of(logits.data(), {1, std::ssize(logits)}), run.stream());
    double sum = 0.0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
    const auto token = static_cast<std::size_t>(request.tokens[static_cast<std::size_t>(next)]);
    score.log_probability += static_cast<double>(logits[token]) - std::log(sum);
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    score.greedy &= best == static_cast<std::ptrdiff_t>(token);
  }
  return score;
}

TEST(Score, IsTheLogSoftmaxOfTheRequestAlone) {
  SmallRun run = trained();
  std::vector<ScoreRequest> requests = made_requests(20);
  const std::vector<Score> scores = scores_of(run, requests, {128, 2});
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Score wanted = reference_score(run, requests[i]);
    EXPECT_NEAR(scores[i].log_probability, wanted.log_probability,
                1e-5 * static_cast<double>(requests[i].tokens.size()))
        << i;
    EXPECT_EQ(scores[i].greedy, wanted.greedy) << i;
  }
}

TEST(Score, OfAllNextTokensIsADistributionWithOneGreedyToken) {
  SmallRun run = trained();
  std::vector<ScoreRequest> requests;
  for (std::int32_t last = 0; last < 50; ++last) requests.push_back({{3, 1, 4, last}, 3});
  const std::vector<Score> scores = scores_of(run, requests, {128, 2});
  double sum = 0.0;
  const Score* greedy = nullptr;
  for (const Score& one : scores) {
    sum += std::exp(one.log_probability);
    if (!one.greedy) continue;
    EXPECT_EQ(greedy, nullptr);
    greedy = &one;
  }
  EXPECT_NEAR(sum, 1.0, 1e-5);
  ASSERT_NE(greedy, nullptr);
  for (const Score& one : scores) EXPECT_LE(one.log_probability, greedy->log_probability);
}

TEST(Score, HasTheSameBitsInAnyBatchAndAmongAnyOthers) {
  SmallRun run = trained();
  const std::vector<ScoreRequest> requests = made_requests(40);
  const std::vector<Score> scores = scores_of(run, requests, {256, 2});
  for (const ScoreLayout& layout :
       {ScoreLayout{16, 1}, ScoreLayout{64, 3}, ScoreLayout{512, 1}, ScoreLayout{4096, 8}}) {
    EXPECT_EQ(scores_of(run, requests, layout), scores) << layout.batch_tokens;
  }
  std::vector<ScoreRequest> backwards(requests.rbegin(), requests.rend());
  std::vector<Score> found = scores_of(run, backwards, {256, 2});
  std::reverse(found.begin(), found.end());
  EXPECT_EQ(found, scores);
  for (const std::size_t i : {std::size_t{0}, std::size_t{2}, requests.size() - 1}) {
    EXPECT_EQ(scores_of(run, {requests[i]}, {256, 1}).front(), scores[i]) << i;
  }
}

TEST(Score, HasTheSameBitsOnAnyNumberOfRanks) {
  SmallRun run = trained(), alone = trained(true);
  const std::vector<ScoreRequest> requests = made_requests(30);
  EXPECT_EQ(scores_of(run, requests, {64, 2}), scores_of(alone, requests, {200, 1}));
}

TEST(ScoreTokens, AddUpToTheScoresOnAnyNumberOfRanks) {
  SmallRun run = trained(), alone = trained(true);
  const std::vector<ScoreRequest> requests = made_requests(30);
  const std::vector<Score> scores = scores_of(run, requests, {200, 1});
  const ScoredTokens found = score_tokens(run.model(), run.mesh(), requests, {64, 2}, run.stream());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    double sum = 0.0;
    bool greedy = true;
    const std::int32_t* token = requests[i].tokens.data() + requests[i].first;
    for (const NextTokenScore& one : found.of(i)) {
      sum -= static_cast<double>(one.loss);
      greedy &= one.best == *token++;
      EXPECT_LE(std::exp(-one.loss), one.best_probability * 1.00001F);
    }
    EXPECT_EQ((Score{sum, greedy}), scores[i]) << i;
  }
  const ScoredTokens other =
      score_tokens(alone.model(), alone.mesh(), requests, {200, 1}, alone.stream());
  EXPECT_EQ(found.tokens, other.tokens);
  EXPECT_EQ(found.begin, other.begin);
}

TEST(ScoreTokens, SayWhatTheLogitsOfThePlaceSay) {
  SmallRun run = trained(true);
  const Tokens tokens = {7, 3, 1, 4, 9};
  const NextTokenScore found =
      score_tokens(run.model(), run.mesh(), {{tokens, 4}}, {64, 1}, run.stream()).tokens.front();
  Tokens input(row_tile, 7), targets(row_tile, -1), positions(row_tile, 0);
  std::copy(tokens.begin(), tokens.end() - 1, input.begin());
  std::iota(positions.begin(), positions.begin() + 4, 0);
  run.model().forward(
      {0, 1, row_tile, tensor_of(input.data(), {row_tile}), tensor_of(targets.data(), {row_tile}),
       tensor_of(positions.data(), {row_tile})},
      run.stream());
  std::vector<float> logits(static_cast<std::size_t>(run.model().options().vocabulary));
  run.model().logits(3, tensor_of(logits.data(), {1, std::ssize(logits)}), run.stream());
  double sum = 0.0, entropy = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  for (const float logit : logits) {
    entropy -= std::exp(static_cast<double>(logit)) / sum * (logit - std::log(sum));
  }
  const auto best = std::max_element(logits.begin(), logits.end());
  EXPECT_EQ(found.best, best - logits.begin());
  EXPECT_NEAR(found.loss, std::log(sum) - logits[9], 1e-5);
  EXPECT_NEAR(found.best_probability, std::exp(*best) / sum, 1e-6);
  EXPECT_NEAR(found.entropy, entropy, 1e-5);
  EXPECT_NEAR(found.log_sum, std::log(sum), 1e-5);
}

TEST(ScoreTokens, DivideTheLogitsByTheTemperature) {
  SmallRun run = trained(true);
  const std::vector<ScoreRequest> requests = made_requests(6);
  const auto mean = [&](double temperature, float NextTokenScore::*figure) {
    const ScoredTokens found = score_tokens(run.model(), run.mesh(), requests, {64, 2},
                                            run.stream(), {.temperature = temperature});
    double sum = 0.0;
    for (const NextTokenScore& one : found.tokens) sum += static_cast<double>(one.*figure);
    return sum / static_cast<double>(found.tokens.size());
  };
  // By b = 1 / T the loss has the slope (loss - entropy) / b.
  const double b = 0.7, step = 1e-2;
  const auto loss = [&](double at) { return mean(1.0 / at, &NextTokenScore::loss); };
  const double slope = (loss(b + step) - loss(b - step)) / (2.0 * step);
  EXPECT_NEAR(slope, (loss(b) - mean(1.0 / b, &NextTokenScore::entropy)) / b, 1e-3);
  EXPECT_GT(std::abs(slope), 0.01);
}

TEST(Score, AddsUpToTheLossOfAnEvaluation) {
  SmallRun run = trained(true, 0);
  Tokens tokens(33);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<std::int32_t>(i * 7 % 50);
  const double found = scores_of(run, {{tokens, 1}}, {64, 1}).front().log_probability;
  Tokens input(tokens.begin(), tokens.end() - 1), targets(tokens.begin() + 1, tokens.end());
  Tokens positions(input.size());
  std::iota(positions.begin(), positions.end(), 0);
  run.model().forward({0, 1, 32, tensor_of(input.data(), {32}), tensor_of(targets.data(), {32}),
                       tensor_of(positions.data(), {32})},
                      run.stream());
  StepSums sums = run.model().empty_sums();
  EXPECT_EQ(run.model().evaluate(1, sums, run.stream()).front(), -found);
}

TEST(Score, RequestsThatDifferInTheLastTokenAreOneText) {
  const Tokens text(20, 7);
  std::vector<ScoreRequest> requests;
  for (std::int32_t last = 0; last < 4; ++last) {
    requests.push_back({text, 10 + last % 2});
    requests.back().tokens.push_back(last);
  }
  requests.push_back({Tokens(30, 7), 29});
  const ScoreTexts texts(requests);
  EXPECT_EQ(texts.size(), 2U);
  EXPECT_EQ(texts.num_tokens(), 29 + 20);
  EXPECT_EQ(texts.num_request_tokens(), 29 + 4 * 20);
  const std::vector<ScorePlace> places = pack_texts(texts, {1024, 4}, 1);
  ASSERT_EQ(places.size(), 1U);
  // One token of the longer text; of the others what all but one ask, and four last tokens.
  EXPECT_EQ(ScoreBatch(texts, places[0], 0).asked.size(), 1U + 10 + 4);
}

TEST(Score, BatchesHoldNoMoreThanTheyMay) {
  const std::vector<ScoreRequest> requests = made_requests(60);
  const ScoreTexts texts(requests);
  for (const std::int64_t tokens : {16, 48, 200, 1000}) {
    for (const int ranks : {1, 3}) {
      std::size_t placed = 0;
      for (const ScorePlace& place : pack_texts(texts, {tokens, 4}, ranks)) {
        EXPECT_EQ(place.first, placed);
        placed += place.row_of.size();
        EXPECT_LE(place.num_rows * place.row_length,
                  std::max(tokens + row_tile, padded_rows(texts.length(place.first))));
      }
      EXPECT_EQ(placed, texts.size());
    }
  }
}

TEST(Score, ARequestWithoutATokenToScoreIsAnError) {
  SmallRun run = trained(false, 0);
  EXPECT_THROW(scores_of(run, {{{1, 2}, 2}}, {64, 1}), Error);
  EXPECT_THROW(scores_of(run, {{{1, 2}, 0}}, {64, 1}), Error);
}

}  // namespace score_test
}  // namespace switchyard
