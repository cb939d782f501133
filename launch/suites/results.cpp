#include "launch/suites/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace switchyard::suites {

namespace {
bool counts(const Case& one, const Figure& figure) {
  if (!one.numbers.contains(figure.number)) return false;
  if (figure.label.empty()) return true;
  const auto label = one.labels.find(figure.label);
  return label != one.labels.end() && label->second == figure.label_value;
}

// A figure of labelled cases that has the same rule otherwise.
Figure of_label(Figure figure, const char* suffix, const char* label, const char* value) {
  figure.name += suffix;
  figure.label = label;
  figure.label_value = value;
  return figure;
}
}  // namespace

const Figure* TaskResult::find(const std::string& figure) const {
  const auto found = std::ranges::find(figures, figure, &Figure::name);
  return found == figures.end() ? nullptr : &*found;
}

const TaskResult* Results::find(const std::string& task) const {
  const auto found = std::ranges::find(tasks, task, &TaskResult::name);
  return found == tasks.end() ? nullptr : &*found;
}

Counted counted_cases(const TaskResult& result, const Figure& figure) {
  Counted counted;
  for (const Case& one : result.cases) {
    if (!counts(one, figure)) continue;
    counted.ids.push_back(one.id);
    counted.values.push_back(one.numbers.at(figure.number));
    counted.weights.push_back(figure.weight.empty() ? 1.0 : one.numbers.at(figure.weight));
  }
  return counted;
}

void TaskResult::add(Figure figure) {
  const Counted counted = counted_cases(*this, figure);
  if (counted.values.empty()) return;
  const WeightedMean mean = weighted_mean(counted.values, counted.weights);
  figure.value = mean.mean;
  figure.cases = std::ssize(counted.values);
  if (figure.form == Form::share) {
    const auto count = static_cast<double>(figure.cases);
    figure.interval = wilson(std::round(mean.mean * count), count);
  } else if (mean.error) {
    figure.interval = {mean.mean - normal_95 * *mean.error, mean.mean + normal_95 * *mean.error};
  }
  figures.push_back(figure);
  if (!figure.label.empty()) return;
  const bool marked = std::any_of(cases.begin(), cases.end(), [](const Case& one) {
    const auto label = one.labels.find("contaminated");
    return label != one.labels.end() && label->second == "yes";
  });
  if (!marked) return;
  add(of_label(figure, ".clean", "contaminated", "no"));
  add(of_label(figure, ".dirty", "contaminated", "yes"));
}

void TaskResult::add_number(const std::string& figure, double value, std::int64_t of_cases,
                            std::optional<Interval> interval) {
  figures.push_back({.name = figure, .value = value, .cases = of_cases, .interval = interval});
}

}  // namespace switchyard::suites
