#include "io/prepare/filters/contamination.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/files/hash.h"
#include "io/prepare/filters/contamination_examples.h"
#include "io/prepare/filters/contamination_rule.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<ContaminationRule> make_rule(const ContaminationConfig& config) {
  if (config.style == ContaminationStyle::gpt3) return make_gpt3_rule();
  require(config.share > 0 && config.share <= 1, Exit::usage,
          "the share of an evaluation example that makes a document go is {}: it must be above 0 "
          "and at most 1",
          config.share);
  return make_llama3_rule(config.share);
}

std::string hash_of(const ContaminationConfig& config, const ContaminationRule& rule) {
  Hasher hasher;
  const std::string style =
      config.style == ContaminationStyle::gpt3 ? "gpt3" : fmt::format("llama3 {}", config.share);
  hasher.add(style.data(), static_cast<std::int64_t>(style.size()));
  const std::vector<std::uint64_t> identity = rule.identity();
  hasher.add(identity.data(), static_cast<std::int64_t>(8 * identity.size()));
  return hasher.hex();
}

}  // namespace

struct Contamination::State {
  struct Place {
    std::uint32_t file = 0;
    std::int64_t line = 0;
  };

  std::unique_ptr<ContaminationRule> rule;
  std::vector<fs::path> files;
  std::vector<Place> examples;  // by the rule's numbers
  std::int64_t num_ignored = 0;
  std::string hash;

  void read(const fs::path& file) {
    const auto number = static_cast<std::uint32_t>(files.size());
    files.push_back(file);
    std::vector<Word> words;
    read_examples(file, [&](const std::string& text, std::int64_t line) {
      words.clear();
      find_words(text, words);
      if (rule->add(words)) {
        examples.push_back({number, line});
      } else {
        ++num_ignored;
      }
    });
  }

  std::string name_of(std::uint32_t example) const {
    const Place& place = examples[example];
    const std::string file = files[place.file].string();
    return place.line == 0 ? file : fmt::format("{}:{}", file, place.line);
  }
};

Contamination::Contamination(const ContaminationConfig& config)
    : state_(std::make_unique<State>()) {
  state_->rule = make_rule(config);
  std::vector<fs::path> files = config.evaluation;
  std::sort(files.begin(), files.end());  // which example is named must not depend on their order
  files.erase(std::unique(files.begin(), files.end()), files.end());
  for (const fs::path& file : files) state_->read(file);
  require(!state_->examples.empty(), Exit::data,
          "the evaluation files hold no example of at least 8 words ({} shorter ones): nothing "
          "could be found in the training text",
          state_->num_ignored);
  state_->rule->finish();
  state_->hash = hash_of(config, *state_->rule);
}

Contamination::~Contamination() = default;

ContaminationVerdict Contamination::apply(std::string& text) const {
  std::vector<Word> words;
  find_words(text, words);
  const ContaminationRule::Finding finding = state_->rule->apply(text, words);
  return {finding.removed, finding.changed, finding.hits,
          finding.example ? state_->name_of(*finding.example) : ""};
}

std::string Contamination::hash() const { return state_->hash; }

std::int64_t Contamination::num_examples() const {
  return static_cast<std::int64_t>(state_->examples.size());
}

std::int64_t Contamination::num_ignored() const { return state_->num_ignored; }

}  // namespace switchyard::prepare
