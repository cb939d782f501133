// speed: whether the model is sound. No result says how fast it is, as it has the same bytes
// each time; run_suite measures it for every suite.
#include <cmath>

#include "launch/suites/profile.h"
#include "launch/suites/task.h"
#include "launch/suites/texts.h"

namespace switchyard::suites {
namespace {

class SpeedTask final : public Task {
 public:
  explicit SpeedTask(const TaskSpec& spec) : spec_(spec) {}

  void ask(Asking& asking) override {
    first_ = asking.requests.size();
    for (const std::string& text : profile_texts()) {
      const std::vector<std::int32_t> tokens = tokens_of(asking.model.tokenizer(), text);
      for (ScoreRequest& part : parts_of(tokens, asking.model.max_length())) {
        asking.requests.push_back(std::move(part));
      }
    }
    end_ = asking.requests.size();
  }

  TaskResult judge(const ScoredTokens& scored, SuiteModel& model) override {
    TaskResult result{spec_.name, "speed"};
    const std::int64_t tokens = num_tokens(scored, first_, end_);
    const double loss = -log_probability(scored, first_, end_) / static_cast<double>(tokens);
    result.add_number("loss", loss, tokens);
    // Below 1: the model knows more than the number of tokens.
    result.add_number("loss_over_uniform",
                      loss / std::log(static_cast<double>(model.tokenizer().vocabulary())), tokens);
    const std::vector<std::string> prompts = {"The", "1"};
    const bool same = model.write(prompts, {.tokens = 32}) == model.write(prompts, {.tokens = 32});
    result.add_number("greedy_repeats", same ? 1.0 : 0.0, std::ssize(prompts));
    return result;
  }

 private:
  const TaskSpec& spec_;
  std::size_t first_ = 0, end_ = 0;
};

}  // namespace

std::unique_ptr<Task> make_speed_task(const TaskSpec& spec) {
  return std::make_unique<SpeedTask>(spec);
}

}  // namespace switchyard::suites
