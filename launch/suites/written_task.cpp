// Tasks for which the model writes. keywords: {"id", "prompt", "keywords", "phrases"}. texts:
// {"id", "prompt"}, and perhaps "year" and "reference".
#include <algorithm>
#include <charconv>
#include <sstream>

#include "io/files/durable.h"
#include "io/text/regex.h"
#include "launch/suites/task.h"
#include "launch/suites/text_figures.h"
#include "runtime/error.h"

namespace switchyard::suites {
namespace {

constexpr std::int64_t largest_list = 16 << 20;

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return text;
}

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::istringstream in(durable::read_file(file, largest_list));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::optional<int> integer_of(std::string_view text) {
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string> prompts_of(const std::vector<CaseRow>& cases) {
  std::vector<std::string> prompts;
  for (const CaseRow& one : cases) prompts.push_back(one.row.text("prompt"));
  return prompts;
}

class KeywordsTask final : public Task {
 public:
  KeywordsTask(const TaskSpec& spec, const std::vector<CaseRow>& cases, std::uint64_t seed)
      : spec_(spec), cases_(cases), seed_(seed) {}

  void ask(Asking&) override {
    prompts_ = prompts_of(cases_);
    for (const CaseRow& one : cases_) {
      if (!one.row.has("keywords") && !one.row.has("phrases")) {
        one.row.reject("keywords", "is missing, and so is phrases: name at least one of them");
      }
      for (const char* field : {"keywords", "phrases"}) {
        if (one.row.has(field)) one.row.texts(field);
      }
    }
  }

  TaskResult judge(const ScoredTokens&, SuiteModel& model) override {
    TaskResult result{spec_.name, "keywords"};
    const std::vector<std::string> written =
        model.write(prompts_, {.tokens = spec_.tokens, .seed = seed_});
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      const std::string text = lower(written[i]);
      double sum = 0.0, parts = 0.0;
      const auto take = [&](const char* field, auto has) {
        if (!cases_[i].row.has(field)) return;
        const std::vector<std::string> wanted = cases_[i].row.texts(field);
        const auto found = std::count_if(wanted.begin(), wanted.end(), has);
        sum += static_cast<double>(found) / static_cast<double>(wanted.size());
        parts += 1.0;
      };
      take("keywords", [&](const std::string& word) { return has_term(text, lower(word)); });
      take("phrases", [&](const std::string& phrase) {
        return text.find(lower(phrase)) != std::string::npos;
      });
      const double score = sum / parts;
      result.cases.push_back({cases_[i].id,
                              {{"score", score}, {"accuracy", score > 0.5 ? 1.0 : 0.0}},
                              cases_[i].labels});
    }
    result.add({.name = "accuracy", .form = Form::share, .number = "accuracy"});
    result.add({.name = "score", .form = Form::mean, .number = "score"});
    return result;
  }

 private:
  const TaskSpec& spec_;
  const std::vector<CaseRow>& cases_;
  std::uint64_t seed_;
  std::vector<std::string> prompts_;
};

struct Term {
  std::string text;
  int first_year = 0;
};

std::vector<Term> read_terms(const std::filesystem::path& file) {
  std::vector<Term> terms;
  int number = 0;
  for (const std::string& line : lines_of(file)) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const std::size_t tab = line.rfind('\t');
    const auto year = tab == std::string::npos ? std::nullopt
                                               : integer_of(std::string_view(line).substr(tab + 1));
    require(year && tab > 0, Exit::data, "{}:{}: expected TERM, a tab, and its first year",
            file.string(), number);
    terms.push_back({line.substr(0, tab), *year});
  }
  require(!terms.empty(), Exit::data, "{} has no term", file.string());
  return terms;
}

std::vector<Regex> read_patterns(const std::filesystem::path& file) {
  std::vector<Regex> patterns;
  int number = 0;
  for (const std::string& line : lines_of(file)) {
    ++number;
    if (line.empty()) continue;
    try {
      patterns.emplace_back(line);
    } catch (const Error& error) {
      fail(Exit::data, "{}:{}: {}", file.string(), number, error.what());
    }
  }
  require(!patterns.empty(), Exit::data, "{} has no pattern", file.string());
  return patterns;
}

class TextsTask final : public Task {
 public:
  TextsTask(const TaskSpec& spec, const std::vector<CaseRow>& cases, std::uint64_t seed)
      : spec_(spec), cases_(cases), seed_(seed) {}

  void ask(Asking&) override {
    prompts_ = prompts_of(cases_);
    if (!spec_.terms.empty()) terms_ = read_terms(spec_.terms);
    if (!spec_.patterns.empty()) patterns_ = read_patterns(spec_.patterns);
    for (const CaseRow& one : cases_) {
      if (one.row.has("reference")) one.row.text("reference");
      if (terms_.empty()) continue;
      const auto year = one.labels.find("year");
      if (year == one.labels.end()) one.row.reject("year", "is missing, and the task has terms");
      if (!integer_of(year->second)) one.row.reject("year", "is no year");
    }
  }

  TaskResult judge(const ScoredTokens&, SuiteModel& model) override {
    TaskResult result{spec_.name, "texts"};
    const std::vector<std::string> written = model.write(
        prompts_, {.tokens = spec_.tokens, .temperature = spec_.temperature, .seed = seed_});
    Regex::Scratch scratch;
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      result.cases.push_back(figures_of(cases_[i], written[i], scratch));
    }
    const auto mean = [&](const char* name) {
      result.add({.name = name, .form = Form::mean, .number = name});
    };
    for (const char* name : {"words", "distinct_1", "distinct_2", "repeated_4", "flesch"})
      mean(name);
    for (const char* name : {"pattern", "anachronism"}) {
      result.add({.name = name, .form = Form::share, .number = name});
    }
    for (const char* name : {"rouge_1", "rouge_2", "rouge_l"}) mean(name);
    return result;
  }

 private:
  Case figures_of(const CaseRow& row, const std::string& text, Regex::Scratch& scratch) const {
    const std::vector<std::string_view> words = words_of(text);
    Case one{row.id,
             {{"words", static_cast<double>(words.size())},
              {"distinct_1", distinct_share(words, 1)},
              {"distinct_2", distinct_share(words, 2)},
              {"repeated_4", repeated_share(words, 4)},
              {"flesch", flesch(text)}},
             row.labels};
    if (!patterns_.empty()) {
      one.numbers["pattern"] =
          std::any_of(patterns_.begin(), patterns_.end(),
                      [&](const Regex& pattern) { return pattern.find(text, 0, scratch); })
              ? 1.0
              : 0.0;
    }
    if (!terms_.empty()) {
      const int year = *integer_of(row.labels.at("year"));
      one.numbers["anachronism"] =
          std::any_of(
              terms_.begin(), terms_.end(),
              [&](const Term& term) { return term.first_year > year && has_term(text, term.text); })
              ? 1.0
              : 0.0;
    }
    if (row.row.has("reference")) {
      const std::string reference = row.row.text("reference");
      one.numbers["rouge_1"] = rouge_n(text, reference, 1);
      one.numbers["rouge_2"] = rouge_n(text, reference, 2);
      one.numbers["rouge_l"] = rouge_l(text, reference);
    }
    return one;
  }

  const TaskSpec& spec_;
  const std::vector<CaseRow>& cases_;
  std::uint64_t seed_;
  std::vector<std::string> prompts_;
  std::vector<Term> terms_;
  std::vector<Regex> patterns_;
};

}  // namespace

std::unique_ptr<Task> make_keywords_task(const TaskSpec& spec, const std::vector<CaseRow>& cases,
                                         std::uint64_t seed) {
  return std::make_unique<KeywordsTask>(spec, cases, seed);
}

std::unique_ptr<Task> make_texts_task(const TaskSpec& spec, const std::vector<CaseRow>& cases,
                                      std::uint64_t seed) {
  return std::make_unique<TextsTask>(spec, cases, seed);
}

}  // namespace switchyard::suites
