// calibration: {"id", "text"}, or the documents of a dataset; every token is a prediction.
#include "launch/suites/calibration.h"

#include "launch/suites/task.h"
#include "launch/suites/texts.h"

namespace switchyard::suites {
namespace {

constexpr int most_passes = 12;  // over the texts, to find the temperature

class CalibrationTask final : public Task {
 public:
  CalibrationTask(const TaskSpec& spec, const std::vector<CaseRow>& cases)
      : spec_(spec), cases_(cases) {}

  void ask(Asking& asking) override {
    first_ = asking.requests.size();
    for (const ScoredText& text : texts_of(spec_, cases_, asking.model)) {
      for (ScoreRequest& part : parts_of(text.tokens, asking.model.max_length())) {
        requests_.push_back(part);
        asking.requests.push_back(std::move(part));
      }
    }
  }

  TaskResult judge(const ScoredTokens& scored, SuiteModel& model) override {
    TaskResult result{spec_.name, "calibration"};
    const Sums plain = sums_of(scored, first_);
    add(plain, "", result);
    const auto slope = [&](double temperature) {
      const Sums sums = sums_of(model.score(requests_, temperature), 0);
      return sums.loss - sums.entropy;
    };
    const auto temperature = best_temperature(slope, most_passes);
    if (!temperature) return result;
    result.add_number("temperature", *temperature, std::ssize(plain.predictions));
    add(sums_of(model.score(requests_, *temperature), 0), "_at_temperature", result);
    return result;
  }

 private:
  struct Sums {
    std::vector<Prediction> predictions;
    double loss = 0.0, entropy = 0.0, right = 0.0, confidence = 0.0;  // means
  };

  Sums sums_of(const ScoredTokens& scored, std::size_t first) const {
    Sums sums;
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      const ScoreRequest& request = requests_[i];
      const std::int32_t* wanted = request.tokens.data() + request.first;
      for (const NextTokenScore& token : scored.of(first + i)) {
        const bool right = token.best == *wanted++;
        sums.predictions.push_back({static_cast<double>(token.best_probability), right});
        sums.loss += static_cast<double>(token.loss);
        sums.entropy += static_cast<double>(token.entropy);
        sums.confidence += static_cast<double>(token.best_probability);
        sums.right += right ? 1.0 : 0.0;
      }
    }
    const auto count = static_cast<double>(sums.predictions.size());
    for (double* sum : {&sums.loss, &sums.entropy, &sums.right, &sums.confidence}) *sum /= count;
    return sums;
  }

  static void add(const Sums& sums, const std::string& suffix, TaskResult& result) {
    const std::int64_t count = std::ssize(sums.predictions);
    const auto number = [&](const char* name, double value) {
      result.add_number(name + suffix, value, count);
    };
    if (suffix.empty()) number("accuracy", sums.right);
    number("confidence", sums.confidence);
    number("calibration_error", calibration_error(sums.predictions));
    number("calibration_error_equal_counts", calibration_error_equal_counts(sums.predictions));
    number("brier", brier(sums.predictions));
    number("loss", sums.loss);
  }

  const TaskSpec& spec_;
  const std::vector<CaseRow>& cases_;
  std::size_t first_ = 0;
  std::vector<ScoreRequest> requests_;
};

}  // namespace

std::unique_ptr<Task> make_calibration_task(const TaskSpec& spec,
                                            const std::vector<CaseRow>& cases) {
  return std::make_unique<CalibrationTask>(spec, cases);
}

}  // namespace switchyard::suites
