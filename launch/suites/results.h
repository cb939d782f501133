// Results: what a suite found out about a model, case by case, and the committed folder that keeps
// it (docs/file-formats.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/checkpoint/snapshot.h"
#include "launch/suites/statistics.h"

namespace switchyard::suites {

// A case's numbers, and what it belongs to.
struct Case {
  std::string id;
  std::map<std::string, double> numbers{};      // "accuracy": 1
  std::map<std::string, std::string> labels{};  // "year": "2014"
  bool operator==(const Case&) const = default;
};

enum class Form : std::uint8_t {
  share,  // of cases with 1; the others have 0
  mean,   // of cases, by their weight
  number  // of all cases together, as an area under a curve
};

struct Figure {
  std::string name;
  Form form = Form::number;
  double value = 0.0;
  std::int64_t cases = 0;
  std::optional<Interval> interval{};  // 95 %
  // Which cases' numbers it is made of, if it is a share or a mean.
  std::string number{}, weight{};      // weight: empty: each counts once
  std::string label{}, label_value{};  // of the cases that count; empty: all
  bool operator==(const Figure&) const = default;
};

struct TaskResult {
  std::string name, kind;
  std::vector<Case> cases{};
  std::vector<Figure> figures{};

  const Figure* find(const std::string& figure) const;
  // Adds the figure that cases make, with value and interval; nothing if no case counts. name,
  // form, number, weight and label say how. Once for all cases, and if some of them are labelled
  // "contaminated", also as NAME.clean and NAME.dirty.
  void add(Figure figure);
  void add_number(const std::string& name, double value, std::int64_t cases,
                  std::optional<Interval> interval = {});
};

// Of the cases that count for the figure: value, weight and id of each.
struct Counted {
  std::vector<double> values{}, weights{};
  std::vector<std::string> ids{};
};
Counted counted_cases(const TaskResult& result, const Figure& figure);

struct Results {
  std::string suite{}, suite_hash{};  // hash: of the suite's text and all cases
  std::string model{}, tokenizer{};   // hashes, in hex: CheckpointReader::digest, Tokenizer::hash
  std::optional<std::int64_t> step{};
  std::vector<TaskResult> tasks{};
  nlohmann::ordered_json gates = nlohmann::ordered_json::array();
  const TaskResult* find(const std::string& task) const;
};

// {suite, suite_hash, model, tokenizer, step, tasks: {NAME: {kind, cases, figures: {NAME: {...}}}},
// gates}.
nlohmann::ordered_json json_of(const Results& results);

inline constexpr const char* results_kind = "results";
inline constexpr int results_version = 1;
inline constexpr const char* results_file = "results.json";
inline constexpr const char* cases_file = "cases.jsonl";
inline constexpr const char* profile_file = "profile.json";

// Writes and commits the folder, which must not exist, from one process: results.json, cases.jsonl
// and profile.json. Neither times nor paths go into it: the same model and suite make the same
// bytes. profile: its text. Errors: Exit::usage if the folder exists, Exit::storage.
void write_results(const std::filesystem::path& folder, const Results& results,
                   const std::string& profile);
// The same files, for a package (docs/publish.md).
std::vector<NamedFile> files_of(const Results& results, const std::string& profile);
// From a folder of results, or a package with results. Errors: Exit::data naming what is damaged.
Results read_results(const std::filesystem::path& folder);
// Whether `path` is a committed folder of results, or a package with results.
bool is_results(const std::filesystem::path& path);

}  // namespace switchyard::suites
