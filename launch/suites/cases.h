// The cases of a suite's tasks, as their files have them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "launch/score/json_rows.h"
#include "launch/suites/suite.h"

namespace switchyard::suites {

// A row with its id: the field "id", a text or a number, else the number of the row.
struct CaseRow {
  std::string id;
  tasks::Row row;
  std::map<std::string, std::string> labels{};  // "source", "year", "contaminated"
};

// Errors: as tasks::read_rows; Exit::data naming file and line for an id that is there twice, or a
// label that is neither a text nor an integer.
std::vector<CaseRow> read_cases(const std::filesystem::path& file, std::int64_t limit);

struct TaskCases {
  std::vector<CaseRow> cases{}, outside{};
};
// Of each task of the suite, in order; nothing for tasks of a dataset.
std::vector<TaskCases> read_cases(const Suite& suite);

// Hex hash of the suite's text and of all rows.
std::string hash_of(const Suite& suite, const std::vector<TaskCases>& cases);

// Labels each case "contaminated" with "yes" or "no", unless its field `contaminated` says so
// already. It is contaminated if 13 words in a row of it, or all of a case of 8 to 12 words, are
// in a training text too (Brown et al. 2020); words as prepare::find_words finds them. Does nothing
// for a suite without training texts. Errors: Exit::usage, Exit::data of the files.
void mark_contaminated(const Suite& suite, std::vector<TaskCases>& cases);

}  // namespace switchyard::suites
