// loss and robustness: {"id", "text"}, and perhaps "source" and "year"; or the documents of a
// dataset.
#include <algorithm>
#include <numbers>
#include <set>

#include "launch/suites/task.h"
#include "launch/suites/texts.h"

namespace switchyard::suites {
namespace {

class LossTask final : public Task {
 public:
  LossTask(const TaskSpec& spec, const std::vector<CaseRow>& cases, std::uint64_t seed)
      : spec_(spec), cases_(cases), seed_(seed) {}

  void ask(Asking& asking) override {
    texts_ = texts_of(spec_, cases_, asking.model);
    for (const ScoredText& text : texts_) {
      if (spec_.by != GroupBy::none) label_of(text);
      add(text.tokens, asking);
      for (const Corruption& corruption : spec_.corrupt) {
        add(tokens_of(asking.model.tokenizer(), corrupted(text.text, corruption, text.id, seed_)),
            asking);
      }
    }
    begin_.push_back(asking.requests.size());
  }

  TaskResult judge(const ScoredTokens& scored, SuiteModel&) override {
    TaskResult result{spec_.name, std::string(name_of(spec_.kind))};
    std::size_t part = 0;
    for (ScoredText& text : texts_) {
      const auto bytes = static_cast<double>(text.bytes);
      const auto tokens = static_cast<double>(num_tokens(scored, begin_[part], begin_[part + 1]));
      const auto bits = [&] {
        const double sum = -log_probability(scored, begin_[part], begin_[part + 1]);
        ++part;
        return sum / std::numbers::ln2 / bytes;
      };
      const double clean = bits();
      Case one{.id = text.id, .labels = std::move(text.labels)};
      one.numbers = {{"loss", clean * std::numbers::ln2 * bytes / tokens},
                     {"tokens", tokens},
                     {"bytes", bytes},
                     {"bits_per_byte", clean}};
      for (const Corruption& corruption : spec_.corrupt) {
        const double damaged = bits();
        one.numbers["bits_per_byte." + corruption.name] = damaged;
        one.numbers["rise." + corruption.name] = damaged - clean;
      }
      result.cases.push_back(std::move(one));
    }
    add_figures(result);
    return result;
  }

 private:
  static void add_part(std::vector<ScoreRequest> parts, Asking& asking) {
    for (ScoreRequest& one : parts) asking.requests.push_back(std::move(one));
  }
  void add(const std::vector<std::int32_t>& tokens, Asking& asking) {
    begin_.push_back(asking.requests.size());
    add_part(parts_of(tokens, asking.model.max_length()), asking);
  }
  std::string label_name() const { return std::string(name_of(spec_.by)); }
  const std::string& label_of(const ScoredText& text) const {
    const auto label = text.labels.find(label_name());
    if (label != text.labels.end()) return label->second;
    const auto row = std::ranges::find(cases_, text.id, &CaseRow::id);
    row->row.reject(label_name(), "is missing, and the task has by = \"" + label_name() + "\"");
  }

  void add_figures(TaskResult& result) const {
    const auto mean = [&](const std::string& name, const char* weight) {
      result.add({.name = name, .form = Form::mean, .number = name, .weight = weight});
    };
    mean("loss", "tokens");
    mean("bits_per_byte", "bytes");
    for (const Corruption& corruption : spec_.corrupt) {
      mean("bits_per_byte." + corruption.name, "bytes");
      mean("rise." + corruption.name, "bytes");
    }
    if (spec_.by == GroupBy::none) return;
    std::set<std::string> values;
    for (const Case& one : result.cases) values.insert(one.labels.at(label_name()));
    for (const std::string& value : values) {
      for (const auto& [name, weight] : {std::pair{"loss", "tokens"}, {"bits_per_byte", "bytes"}}) {
        result.add({.name = std::string(name) + "." + value,
                    .form = Form::mean,
                    .number = name,
                    .weight = weight,
                    .label = label_name(),
                    .label_value = value});
      }
    }
  }

  const TaskSpec& spec_;
  const std::vector<CaseRow>& cases_;
  std::uint64_t seed_;
  std::vector<ScoredText> texts_;
  std::vector<std::size_t> begin_;  // requests of each text and its damaged forms, and the end
};

}  // namespace

std::unique_ptr<Task> make_loss_task(const TaskSpec& spec, const std::vector<CaseRow>& cases,
                                     std::uint64_t seed) {
  return std::make_unique<LossTask>(spec, cases, seed);
}

}  // namespace switchyard::suites
