// Texts whose every token is scored: of cases, or the documents of a dataset.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "launch/suites/cases.h"
#include "launch/suites/suite_model.h"

namespace switchyard::suites {

struct ScoredText {
  std::string id;
  std::string text{};                  // of a case
  std::vector<std::int32_t> tokens{};  // the first one the boundary's
  std::int64_t bytes = 0;              // of the text that the tokens spell
  std::map<std::string, std::string> labels{};
};

std::vector<std::int32_t> tokens_of(const Tokenizer& tokenizer, const std::string& text);

// Errors: Exit::data naming file, line and field of a case without a text; of a dataset as
// TokenStore's, and for another tokenizer.
std::vector<ScoredText> texts_of_cases(const std::vector<CaseRow>& cases,
                                       const Tokenizer& tokenizer);
std::vector<ScoredText> texts_of(const TaskSpec& spec, const std::vector<CaseRow>& cases,
                                 const SuiteModel& model);

}  // namespace switchyard::suites
