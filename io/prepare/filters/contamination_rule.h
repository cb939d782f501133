// ContaminationRule: what one style of decontamination finds in a text, and what it does about it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/prepare/words/words.h"

namespace switchyard::prepare {

class ContaminationRule {
 public:
  virtual ~ContaminationRule() = default;

  // Takes the next evaluation example. False: it has too few words, and no number.
  virtual bool add(std::span<const Word> words) = 0;
  virtual void finish() {}  // once, after the last example

  struct Finding {
    bool removed = false, changed = false;
    int hits = 0;
    std::optional<std::uint32_t> example;  // the first that was hit, by number
  };
  // words: of `text`. Leaves a text that goes as it is.
  virtual Finding apply(std::string& text, std::span<const Word> words) const = 0;

  // The effect of the rule is a function of these, which do not depend on the order of the
  // examples. Ascending, each once.
  virtual std::vector<std::uint64_t> identity() const = 0;
};

std::unique_ptr<ContaminationRule> make_gpt3_rule();
std::unique_ptr<ContaminationRule> make_llama3_rule(double share);

}  // namespace switchyard::prepare
