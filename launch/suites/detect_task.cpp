// detect: {"id", "text"} of texts like those that the model knows, and of others. Of each text, the
// scores that are larger where the model is less at home: 1 - mean probability of the likeliest
// token (Hendrycks and Gimpel 2017), - mean log sum e^logit (Liu et al. 2020, at T = 1), the mean
// loss, and the entropy of the experts that its tokens go to, a mean over layers.
#include <algorithm>
#include <array>
#include <cmath>

#include "launch/suites/task.h"
#include "launch/suites/texts.h"

namespace switchyard::suites {
namespace {

constexpr std::array<const char*, 4> score_names = {"probability", "energy", "loss", "router"};
using Scores = std::array<double, score_names.size()>;

// In nats, of the shares of the counts.
double entropy(std::span<const std::int64_t> counts) {
  double sum = 0.0, result = 0.0;
  for (const std::int64_t count : counts) sum += static_cast<double>(count);
  for (const std::int64_t count : counts) {
    const double share = static_cast<double>(count) / sum;
    if (count > 0) result -= share * std::log(share);
  }
  return result;
}

class DetectTask final : public Task {
 public:
  DetectTask(const TaskSpec& spec, const TaskCases& cases) : spec_(spec), cases_(cases) {}

  // Its texts are scored apart, with their routes.
  void ask(Asking& asking) override {
    texts_ = texts_of(spec_, cases_.cases, asking.model);
    num_inside_ = texts_.size();
    for (ScoredText& text : texts_of_cases(cases_.outside, asking.model.tokenizer())) {
      texts_.push_back(std::move(text));
    }
  }

  TaskResult judge(const ScoredTokens&, SuiteModel& model) override {
    TaskResult result{spec_.name, "detect"};
    std::vector<ScoreRequest> requests;
    std::vector<std::size_t> begin;
    for (const ScoredText& text : texts_) {
      begin.push_back(requests.size());
      for (ScoreRequest& part : parts_of(text.tokens, model.max_length())) {
        requests.push_back(std::move(part));
      }
    }
    begin.push_back(requests.size());
    const ScoredTokens scored = model.score(requests, 1.0, /*routes=*/true);
    const bool routed = !model.routes().layers().empty();
    std::array<std::vector<double>, score_names.size()> inside, outside;
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      const bool is_inside = i < num_inside_;
      const Scores scores = scores_of(scored, model.routes(), begin[i], begin[i + 1]);
      Case one{.id = (is_inside ? "inside/" : "outside/") + texts_[i].id,
               .labels = {{"side", is_inside ? "inside" : "outside"}}};
      for (std::size_t s = 0; s < scores.size(); ++s) {
        if (!routed && s + 1 == scores.size()) continue;
        one.numbers[score_names[s]] = scores[s];
        (is_inside ? inside : outside)[s].push_back(scores[s]);
      }
      result.cases.push_back(std::move(one));
    }
    for (std::size_t s = 0; s < score_names.size(); ++s) {
      if (inside[s].empty()) continue;
      const Auroc found = auroc(inside[s], outside[s]);
      result.add_number(std::string("auroc_") + score_names[s], found.area, std::ssize(texts_),
                        found.interval);
    }
    return result;
  }

 private:
  static Scores scores_of(const ScoredTokens& scored, const RouteCounts& routes, std::size_t first,
                          std::size_t end) {
    Scores scores{};
    for (std::size_t request = first; request < end; ++request) {
      for (const NextTokenScore& token : scored.of(request)) {
        scores[0] -= static_cast<double>(token.best_probability);
        scores[1] -= static_cast<double>(token.log_sum);
        scores[2] += static_cast<double>(token.loss);
      }
    }
    const auto tokens = static_cast<double>(num_tokens(scored, first, end));
    for (double& score : scores) score /= tokens;
    scores[0] += 1.0;
    const std::size_t layers = routes.layers().size();
    if (layers == 0) return scores;
    std::vector<std::int64_t> counts(routes.of(first).begin(), routes.of(first).end());
    for (std::size_t request = first + 1; request < end; ++request) {
      for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += routes.of(request)[i];
    }
    const std::size_t experts = counts.size() / layers;
    scores[3] = 0.0;
    for (std::size_t layer = 0; layer < layers; ++layer) {
      scores[3] += entropy(std::span(counts).subspan(layer * experts, experts)) /
                   static_cast<double>(layers);
    }
    return scores;
  }

  const TaskSpec& spec_;
  const TaskCases& cases_;
  std::vector<ScoredText> texts_;
  std::size_t num_inside_ = 0;
};

}  // namespace

std::unique_ptr<Task> make_detect_task(const TaskSpec& spec, const TaskCases& cases) {
  return std::make_unique<DetectTask>(spec, cases);
}

}  // namespace switchyard::suites
