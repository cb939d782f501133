#include "launch/suites/cases.h"

#include <fmt/format.h>

#include "io/files/hash.h"
#include "runtime/error.h"

namespace switchyard::suites {
namespace {

// A field that is a text or an integer, as text.
std::string word_of(const tasks::Row& row, const char* name) {
  const nlohmann::json& value = row.field(name);
  if (value.is_string() && !value.get_ref<const std::string&>().empty()) {
    return value.get<std::string>();
  }
  if (!value.is_number_integer()) row.reject(name, "is neither a text nor an integer");
  return value.dump();
}

CaseRow case_of(tasks::Row row, std::size_t number) {
  CaseRow one{.id = row.has("id") ? word_of(row, "id") : fmt::to_string(number),
              .row = std::move(row)};
  for (const char* label : {"source", "year"}) {
    if (one.row.has(label)) one.labels[label] = word_of(one.row, label);
  }
  if (one.row.has("contaminated")) {
    const nlohmann::json& value = one.row.field("contaminated");
    if (!value.is_boolean()) one.row.reject("contaminated", "is neither true nor false");
    one.labels["contaminated"] = value.get<bool>() ? "yes" : "no";
  }
  return one;
}

}  // namespace

std::vector<CaseRow> read_cases(const std::filesystem::path& file, std::int64_t limit) {
  std::vector<CaseRow> cases;
  std::map<std::string, std::string> where;  // of each id
  for (tasks::Row& row : tasks::read_rows(file, limit)) {
    CaseRow one = case_of(std::move(row), cases.size() + 1);
    const auto [first, is_new] = where.emplace(one.id, one.row.where());
    require(is_new, Exit::data, "{}: the id {} is there already, at {}: give each case another one",
            one.row.where(), one.id, first->second);
    cases.push_back(std::move(one));
  }
  return cases;
}

std::vector<TaskCases> read_cases(const Suite& suite) {
  std::vector<TaskCases> all;
  for (const TaskSpec& task : suite.tasks) {
    TaskCases& cases = all.emplace_back();
    if (!task.cases.empty()) cases.cases = read_cases(task.cases, task.limit);
    if (!task.outside.empty()) cases.outside = read_cases(task.outside, task.limit);
  }
  return all;
}

std::string hash_of(const Suite& suite, const std::vector<TaskCases>& cases) {
  Hasher hasher;
  const auto add = [&](const std::string& text) {
    hasher.add(text.data(), std::ssize(text));
    hasher.add("\n", 1);
  };
  add(suite.text);
  for (const TaskCases& task : cases) {
    for (const std::vector<CaseRow>* rows : {&task.cases, &task.outside}) {
      for (const CaseRow& one : *rows) add(one.row.object().dump());
      add("");
    }
  }
  return hasher.hex();
}

}  // namespace switchyard::suites
