#include "launch/suites/gate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "io/text/escape.h"
#include "launch/suites/text_figures.h"
#include "runtime/error.h"

namespace switchyard::suites {
namespace {

std::optional<double> number_of(std::string_view word) {
  double value = 0.0;
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (problem != std::errc() || end != word.data() + word.size()) return std::nullopt;
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

// The condition of a gate; false if it has no such form.
bool read_condition(const std::vector<std::string_view>& words, Gate& gate) {
  if (words.size() < 2 || (words[0] != ">=" && words[0] != "<=")) return false;
  gate.at_least = words[0] == ">=";
  if (words[1] != "previous") {
    const std::optional<double> number = number_of(words[1]);
    gate.number = number.value_or(0.0);
    return number && words.size() == 2;
  }
  gate.previous = true;
  if (words.size() == 2) return true;
  if (words.size() > 5 || words.size() < 4 || (words[2] != "+" && words[2] != "-")) return false;
  const std::optional<double> number = number_of(words[3]);
  if (!number || *number < 0.0) return false;
  gate.number = words[2] == "+" ? *number : -*number;
  gate.sigma = words.size() == 5;
  return !gate.sigma || words[4] == "sigma";
}

const Figure& figure_of(const Gate& gate, const Results& results, Exit code, const char* whose) {
  const TaskResult* const task = results.find(gate.task);
  const Figure* const found = task == nullptr ? nullptr : task->find(gate.figure);
  if (found != nullptr) return *found;
  std::vector<std::string> names;
  if (task != nullptr) {
    for (const Figure& figure : task->figures) names.push_back(figure.name);
  }
  fail(code, "{}: {} have no figure {}; those of the task are {}", gate.where, whose, gate.key(),
       names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
}

bool holds(const Gate& gate, double value, double bound) {
  return gate.at_least ? value >= bound : value <= bound;
}

std::string share_text(const Figure& figure) {
  const double right = figure.value * static_cast<double>(figure.cases);
  return figure.form == Form::share
             ? fmt::format("{:.0f} of {} = {:.4f}", right, figure.cases, figure.value)
             : fmt::format("{:.6g} over {} cases", figure.value, figure.cases);
}

// What to do about an interval that holds the bound.
std::string advice(const Gate& gate, const Figure& figure) {
  if (figure.form != Form::share) return "; more cases make the interval shorter";
  const std::optional<std::int64_t> needed =
      cases_to_decide(figure.value, gate.number, gate.at_least);
  return needed ? fmt::format("; at this share {} cases would pass", *needed)
                : "; at this share no number of cases would pass";
}

Judged judge_number(const Gate& gate, const Figure& figure) {
  Judged judged{gate.key(), gate.condition};
  if (!figure.interval) {
    judged.verdict = holds(gate, figure.value, gate.number) ? Verdict::passed : Verdict::failed;
    judged.reason = fmt::format("{:.6g}", figure.value);
    return judged;
  }
  const auto [low, high] = *figure.interval;
  judged.reason = fmt::format("{}, 95 % interval {:.4f} to {:.4f}", share_text(figure), low, high);
  if (holds(gate, gate.at_least ? low : high, gate.number)) {
    judged.verdict = Verdict::passed;
  } else if (holds(gate, gate.at_least ? high : low, gate.number)) {
    judged.verdict = Verdict::undecided;
    judged.reason += advice(gate, figure);
  } else {
    judged.verdict = Verdict::failed;
  }
  return judged;
}

struct Paired {
  WeightedMean difference;  // new minus old
  std::size_t cases = 0;
};

Paired paired(const Counted& now, const Counted& before) {
  std::map<std::string, double> old;
  for (std::size_t i = 0; i < before.ids.size(); ++i) old[before.ids[i]] = before.values[i];
  std::vector<double> differences, weights;
  for (std::size_t i = 0; i < now.ids.size(); ++i) {
    const auto found = old.find(now.ids[i]);
    if (found == old.end()) continue;
    differences.push_back(now.values[i] - found->second);
    weights.push_back(now.weights[i]);
  }
  if (differences.empty()) return {};
  return {weighted_mean(differences, weights), differences.size()};
}

Judged judge_previous(const Gate& gate, const Results& results, const Results& previous) {
  const Figure& now = figure_of(gate, results, Exit::usage, "the results");
  const Figure& before = figure_of(gate, previous, Exit::data, "the previous results");
  Judged judged{gate.key(), gate.condition};
  if (!gate.sigma || now.form == Form::number) {
    require(!gate.sigma, Exit::usage,
            "{}: {} is a figure of all cases together, so that it has no sigma: compare with "
            "previous, plus or minus a number",
            gate.where, gate.key());
    judged.verdict =
        holds(gate, now.value, before.value + gate.number) ? Verdict::passed : Verdict::failed;
    judged.reason = fmt::format("{:.6g}, previously {:.6g}", now.value, before.value);
    return judged;
  }
  const auto [difference, cases] = paired(counted_cases(*results.find(gate.task), now),
                                          counted_cases(*previous.find(gate.task), before));
  require(cases > 0, Exit::data, "{}: no case of {} is in the previous results too", gate.where,
          gate.key());
  if (!difference.error) {
    judged.verdict = Verdict::undecided;
    judged.reason = "one case is the same, and a difference needs at least two";
    return judged;
  }
  judged.reason = fmt::format("{:+.6g} over {} cases that are the same, one sigma {:.3g}",
                              difference.mean, cases, *difference.error);
  judged.verdict = holds(gate, difference.mean, gate.number * *difference.error) ? Verdict::passed
                                                                                 : Verdict::failed;
  return judged;
}

}  // namespace

Gate parse_gate(const std::string& key, const std::string& condition, const std::string& where) {
  Gate gate{.condition = condition, .where = where};
  const std::size_t dot = key.find('.');
  require(dot != std::string::npos && dot > 0 && dot + 1 < key.size(), Exit::usage,
          "{}: the gate {} must name a task and a figure of it: \"facts.accuracy\", in quotes",
          where, terminal_text(shortened(key, 60)));
  gate.task = key.substr(0, dot);
  gate.figure = key.substr(dot + 1);
  require(read_condition(words_of(condition), gate), Exit::usage,
          "{}: the gate {} = \"{}\" must be \">= NUMBER\" or \"<= NUMBER\", or have in its place "
          "\"previous\", \"previous + NUMBER\" or \"previous + NUMBER sigma\" (or -)",
          where, terminal_text(key), terminal_text(shortened(condition, 60)));
  return gate;
}

std::vector<Judged> judge(const std::vector<Gate>& gates, const Results& results,
                          const Results* previous) {
  std::vector<Judged> all;
  for (const Gate& gate : gates) {
    const Figure& figure = figure_of(gate, results, Exit::usage, "the results");
    if (!gate.previous) {
      all.push_back(judge_number(gate, figure));
    } else if (previous != nullptr) {
      all.push_back(judge_previous(gate, results, *previous));
    } else {
      all.push_back({gate.key(), gate.condition, Verdict::not_checked,
                     "name the model or the results to compare with: --against"});
    }
  }
  return all;
}

bool says_no(const std::vector<Judged>& judged) {
  return std::any_of(judged.begin(), judged.end(), [](const Judged& one) {
    return one.verdict == Verdict::failed || one.verdict == Verdict::undecided;
  });
}

nlohmann::ordered_json json_of(const std::vector<Judged>& judged) {
  auto list = nlohmann::ordered_json::array();
  for (const Judged& one : judged) {
    list.push_back({{"figure", one.key},
                    {"condition", one.condition},
                    {"verdict", name_of(one.verdict)},
                    {"reason", one.reason}});
  }
  return list;
}

}  // namespace switchyard::suites
