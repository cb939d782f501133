// Suite: a TOML file that says on what a model is judged, and what it must reach
// (docs/evaluate.md).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "launch/suites/corruption.h"
#include "launch/suites/gate.h"
#include "runtime/names.h"

namespace switchyard {

namespace suites {
enum class TaskKind : std::uint8_t {
  choice,       // which of several answers is the likeliest
  pairs,        // whether the right text is likelier than the wrong one
  keywords,     // whether a continuation has the words it should have
  texts,        // what continuations are like
  loss,         // of texts, by source or year
  robustness,   // the same of damaged texts
  calibration,  // whether the probabilities of next tokens are right as often as they say
  detect,       // whether the model notices texts unlike those it knows
  speed         // whether it is sound, and how fast
};
enum class GroupBy : std::uint8_t { none, source, year };
}  // namespace suites

template <>
inline constexpr std::array<std::string_view, 9> names_of<suites::TaskKind> = {
    "choice", "pairs", "keywords", "texts", "loss", "robustness", "calibration", "detect", "speed"};
template <>
inline constexpr std::array<std::string_view, 3> names_of<suites::GroupBy> = {"none", "source",
                                                                              "year"};

namespace suites {

// One [[task]]. Paths are relative to the suite's file.
struct TaskSpec {
  std::string name;
  TaskKind kind{};
  std::string where;                // "FILE:LINE", for errors
  std::filesystem::path cases{};    // JSON lines
  std::filesystem::path outside{};  // detect: texts unlike those of `cases`
  std::filesystem::path dataset{};  // instead of cases, where texts are asked for
  std::string split = "validation";
  GroupBy by = GroupBy::none;
  std::vector<Corruption> corrupt{};
  std::filesystem::path terms{};     // texts: lines of TERM, tab, first year
  std::filesystem::path patterns{};  // texts: a regular expression on each line
  std::int64_t tokens = 100;         // to generate
  double temperature = 0.0;
  std::int64_t limit = -1;  // only the first cases; -1: all
};

struct Suite {
  std::string name{}, text{};
  std::filesystem::path file{};
  std::uint64_t seed = 1;
  std::vector<TaskSpec> tasks{};
  // Texts that the model was trained on: cases that share a 13-gram with them are contaminated.
  std::vector<std::filesystem::path> training_texts{};
  std::vector<Gate> gates{};
};

// Errors: Exit::usage, naming file, line and key, for anything that a suite does not have; a task's
// kind decides which keys it has.
Suite read_suite(const std::filesystem::path& file);
Suite parse_suite(const std::string& text, const std::filesystem::path& file);

}  // namespace suites
}  // namespace switchyard
