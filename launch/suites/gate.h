// Gate: an inequality over the results of a suite, and what the results say about it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "launch/suites/results.h"
#include "runtime/names.h"

namespace switchyard {

namespace suites {
enum class Verdict : std::uint8_t {
  passed,
  failed,
  undecided,   // too few cases
  not_checked  // it compares with a previous model, and none was named
};
}  // namespace suites
template <>
inline constexpr std::array<std::string_view, 4> names_of<suites::Verdict> = {
    "passed", "failed", "too few cases", "not checked"};

namespace suites {

// TASK.FIGURE >= or <= NUMBER, or previous [+|- NUMBER [sigma]].
struct Gate {
  std::string task{}, figure{};
  std::string condition{};  // as the suite has it
  std::string where{};      // "FILE:LINE"
  bool at_least = true;     // ">="; else "<="
  bool previous = false;
  double number = 0.0;  // to compare with, or to add to the previous figure
  bool sigma = false;   // `number` counts standard errors of the difference
  std::string key() const { return task + "." + figure; }
};

// Errors: Exit::usage, naming `where` and the forms that there are.
Gate parse_gate(const std::string& key, const std::string& condition, const std::string& where);

struct Judged {
  std::string key, condition;
  Verdict verdict{};
  std::string reason{};  // with the numbers
};

// A number is compared with the bound of the figure's 95 % interval that is harder to pass; with
// the figure itself if it has no interval. "previous" compares the figure with that of `previous`;
// with sigma, the mean difference of the same cases plus or minus that number of its standard
// errors, where cases of either side alone do not count. previous: may be nullptr. Errors:
// Exit::usage for a figure that the results lack, naming those of the task; Exit::data if the
// previous results lack it, or no case is the same.
std::vector<Judged> judge(const std::vector<Gate>& gates, const Results& results,
                          const Results* previous);
// Whether any verdict is `failed` or `undecided`.
bool says_no(const std::vector<Judged>& judged);
// [{figure, condition, verdict, reason}]: Results::gates.
nlohmann::ordered_json json_of(const std::vector<Judged>& judged);

}  // namespace suites
}  // namespace switchyard
