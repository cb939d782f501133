// Contamination: evaluation files that training text must not hold.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace switchyard::prepare {

enum class ContaminationStyle {
  gpt3,   // 13-grams (Brown et al. 2020, app. C): each hit goes with 200 characters on either side,
          // pieces below 200 characters go too, more than 10 hits drop the document. An example of
          // 8 to 12 words is one n-gram. A hit does not reach across a form feed.
  llama3  // 8-grams (Grattafiori et al. 2024, sec. 5.1.4): a document goes that holds 8-grams
          // covering at least `share` of the words of one evaluation example
};

struct ContaminationConfig {
  std::vector<std::filesystem::path>
      evaluation;  // .txt, .md, .jsonl (every string field), .gz, .zst
  ContaminationStyle style = ContaminationStyle::gpt3;
  double share = 0.8;  // llama3 only
};

struct ContaminationVerdict {
  bool removed = false;
  bool changed = false;  // `text` was cut; a form feed separates the pieces that stay
  int hits = 0;          // gpt3: stretches of the text; llama3: examples
  std::string example;   // file and line of the evaluation example that was hit first; "" if none
};

class Contamination {
 public:
  // Keeps some 30 bytes for each n-gram of the evaluation files. Errors: Exit::usage for a missing
  // file, Exit::data if they hold no n-gram.
  explicit Contamination(const ContaminationConfig& config);
  ~Contamination();

  ContaminationVerdict apply(std::string& text) const;
  std::string hash() const;           // of the n-grams: part of a dataset's recipe
  std::int64_t num_examples() const;  // that are looked for
  std::int64_t num_ignored() const;   // of fewer than 8 words, which occur by chance

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace switchyard::prepare
