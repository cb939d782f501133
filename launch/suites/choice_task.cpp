// choice: {"id", "prompt", "choices", "answer"}. pairs: {"id", "right", "wrong"}, and perhaps
// "prompt".
#include <algorithm>

#include "launch/score/python_text.h"
#include "launch/suites/calibration.h"
#include "launch/suites/task.h"

namespace switchyard::suites {
namespace {

std::size_t likeliest(const std::vector<double>& values) {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

class ChoiceTask final : public Task {
 public:
  ChoiceTask(const TaskSpec& spec, const std::vector<CaseRow>& cases)
      : spec_(spec), cases_(cases) {}

  void ask(Asking& asking) override {
    first_ = asking.requests.size();
    for (const CaseRow& one : cases_) {
      const std::string prompt = one.row.text("prompt");
      std::vector<std::string> choices = one.row.texts("choices");
      if (choices.size() < 2) one.row.reject("choices", "has one choice; a question needs two");
      answers_.push_back(one.row.index("answer", choices.size()));
      for (const std::string& choice : choices) {
        if (choice.empty()) one.row.reject("choices", "has an empty choice");
        asking.requests.push_back(asking.encoder.encode(prompt, choice, one.row.where()).request);
      }
      choices_.push_back(std::move(choices));
    }
  }

  TaskResult judge(const ScoredTokens& scored, SuiteModel&) override {
    TaskResult result{spec_.name, "choice"};
    std::vector<suites::Question> questions;
    std::vector<Prediction> predictions;
    std::size_t request = first_;
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      std::vector<double> raw, per_token, per_byte;
      for (const std::string& choice : choices_[i]) {
        raw.push_back(log_probability(scored, request, request + 1));
        per_token.push_back(raw.back() /
                            static_cast<double>(num_tokens(scored, request, request + 1)));
        per_byte.push_back(raw.back() / static_cast<double>(choice.size()));
        ++request;
      }
      const auto is_right = [&](const std::vector<double>& values) {
        return likeliest(values) == answers_[i] ? 1.0 : 0.0;
      };
      const std::vector<double> share = softmax(raw);
      predictions.push_back({share[likeliest(share)], is_right(raw) > 0.0});
      result.cases.push_back({cases_[i].id,
                              {{"accuracy", is_right(raw)},
                               {"accuracy_per_token", is_right(per_token)},
                               {"accuracy_per_byte", is_right(per_byte)},
                               {"answer_loss", -raw[answers_[i]]}},
                              cases_[i].labels});
      questions.push_back({std::move(raw), answers_[i]});
    }
    for (const char* name : {"accuracy", "accuracy_per_token", "accuracy_per_byte"}) {
      result.add({.name = name, .form = Form::share, .number = name});
    }
    result.add({.name = "answer_loss", .form = Form::mean, .number = "answer_loss"});
    const std::int64_t count = std::ssize(cases_);
    result.add_number("calibration_error", calibration_error(predictions), count);
    result.add_number("brier", brier(questions), count);
    if (const auto best = best_temperature(questions))
      result.add_number("temperature", *best, count);
    return result;
  }

 private:
  const TaskSpec& spec_;
  const std::vector<CaseRow>& cases_;
  std::size_t first_ = 0;
  std::vector<std::vector<std::string>> choices_;
  std::vector<std::size_t> answers_;
};

class PairsTask final : public Task {
 public:
  PairsTask(const TaskSpec& spec, const std::vector<CaseRow>& cases) : spec_(spec), cases_(cases) {}

  void ask(Asking& asking) override {
    for (const CaseRow& one : cases_) {
      if (one.row.text("right") == one.row.text("wrong")) one.row.reject("wrong", "equals right");
      for (const char* side : {"right", "wrong"}) {
        begin_.push_back(asking.requests.size());
        if (one.row.text(side).empty()) one.row.reject(side, "is empty");
        if (one.row.has("prompt")) {
          asking.requests.push_back(
              asking.encoder.encode(one.row.text("prompt"), one.row.text(side), one.row.where())
                  .request);
        } else {
          for (ScoreRequest& part : asking.encoder.rolling(one.row.text(side))) {
            asking.requests.push_back(std::move(part));
          }
        }
      }
    }
    begin_.push_back(asking.requests.size());
  }

  TaskResult judge(const ScoredTokens& scored, SuiteModel&) override {
    TaskResult result{spec_.name, "pairs"};
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      const double right = log_probability(scored, begin_[2 * i], begin_[2 * i + 1]);
      const double wrong = log_probability(scored, begin_[2 * i + 1], begin_[2 * i + 2]);
      result.cases.push_back({cases_[i].id,
                              {{"accuracy", right > wrong ? 1.0 : 0.0}, {"margin", right - wrong}},
                              cases_[i].labels});
    }
    result.add({.name = "accuracy", .form = Form::share, .number = "accuracy"});
    result.add({.name = "margin", .form = Form::mean, .number = "margin"});
    return result;
  }

 private:
  const TaskSpec& spec_;
  const std::vector<CaseRow>& cases_;
  std::vector<std::size_t> begin_;  // requests of each side of each pair, and the end
};

}  // namespace

double log_probability(const ScoredTokens& scored, std::size_t first, std::size_t end) {
  double sum = 0.0;
  for (std::size_t request = first; request < end; ++request) {
    for (const NextTokenScore& token : scored.of(request)) sum -= static_cast<double>(token.loss);
  }
  return sum;
}

std::int64_t num_tokens(const ScoredTokens& scored, std::size_t first, std::size_t end) {
  return static_cast<std::int64_t>(scored.begin[end] - scored.begin[first]);
}

std::unique_ptr<Task> make_choice_task(const TaskSpec& spec, const std::vector<CaseRow>& cases) {
  return std::make_unique<ChoiceTask>(spec, cases);
}

std::unique_ptr<Task> make_pairs_task(const TaskSpec& spec, const std::vector<CaseRow>& cases) {
  return std::make_unique<PairsTask>(spec, cases);
}

}  // namespace switchyard::suites
