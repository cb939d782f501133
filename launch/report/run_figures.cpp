#include "launch/report/run_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "io/report/charts.h"
#include "io/report/figure.h"
#include "io/text/escape.h"
#include "launch/machine/machine.h"

namespace switchyard {
namespace {

using Points = Curve::Points;
constexpr std::size_t max_columns = 96;
constexpr double full_heat = 3.0;  // doublings of the mean load: eight times

Points over_steps(const RunHistory& history, const std::function<double(const StepPoint&)>& value) {
  Points points;
  for (const StepPoint& step : history.steps) {
    points.emplace_back(static_cast<double>(step.step), value(step));
  }
  return points;
}

bool says_something(const LineChart& chart) {
  return std::any_of(chart.curves.begin(), chart.curves.end(), [](const Curve& curve) {
    return std::any_of(curve.points.begin(), curve.points.end(),
                       [](const auto& point) { return point.second != 0.0; });
  });
}

// Where a later attempt began.
std::vector<Mark> restarts(const RunHistory& history) {
  std::vector<Mark> marks;
  for (std::size_t i = 1; i < history.course.size(); ++i) {
    const Moment& now = history.course[i];
    if (now.attempt == history.course[i - 1].attempt) continue;
    marks.push_back({static_cast<double>(now.step), fmt::format("attempt {}", now.attempt)});
  }
  return marks;
}

std::string figure(LineChart chart, const std::string& caption) {
  if (!says_something(chart)) return "";
  const std::string title = chart.title;
  return figure_html(title, svg_of(chart), caption);
}

std::string loss_figure(const RunHistory& history) {
  Points validation;
  for (const auto& [step, loss] : history.validation) {
    validation.emplace_back(static_cast<double>(step), loss);
  }
  LineChart chart{"Loss", "step", {}, restarts(history), false};
  chart.curves.push_back(
      {"training", "kept", over_steps(history, [](const auto& step) { return step.loss; }), false});
  if (!validation.empty()) chart.curves.push_back({"validation", "gone", validation, true});
  return figure(std::move(chart),
                "Cross-entropy per token, nats. Dashed: where a later attempt went on.");
}

std::string step_figure(const RunHistory& history, const char* title, const char* caption,
                        const std::function<double(const StepPoint&)>& value) {
  LineChart chart{
      title, "step", {{title, "kept", over_steps(history, value), false}}, restarts(history), true};
  return figure(std::move(chart), caption);
}

double all_dropped(const StepPoint& step) {
  double dropped = 0.0;
  for (const LayerPoint& layer : step.layers) dropped += static_cast<double>(layer.dropped);
  return dropped;
}

std::string exchange_figure(const RunHistory& history) {
  LineChart chart{"Exchanged bytes", "step", {}, restarts(history), true};
  chart.curves = {{"within nodes", "kept",
                   over_steps(history, [](const auto& s) { return s.bytes_own_node; }), false},
                  {"between nodes", "gone",
                   over_steps(history, [](const auto& s) { return s.bytes_other_nodes; }), false}};
  return figure(std::move(chart), "Rows that left their rank in a step, all ranks, bytes.");
}

std::string spread_figure(const RunHistory& history) {
  LineChart chart{"Work of ranks", "step", {}, restarts(history), true};
  chart.curves = {{"least busy rank", "kept",
                   over_steps(history, [](const auto& s) { return s.busy_least; }), false},
                  {"busiest rank", "gone",
                   over_steps(history, [](const auto& s) { return s.busy_most; }), false}};
  return figure(std::move(chart),
                "Seconds of a step that a rank did not wait in collectives. The gap is time that "
                "the one waits for the other.");
}

// Time in minutes since the first start: every start and every checkpoint.
std::string course_figure(const RunHistory& history) {
  if (history.course.empty()) return "";
  double begin = history.course.front().time;
  for (const Attempt& attempt : history.attempts) {
    begin = std::min(begin, seconds_of_utc(attempt.started).value_or(begin));
  }
  const auto minutes = [&](double time) { return (time - begin) / 60; };
  Points done, saved;
  for (const Moment& moment : history.course) {
    if (moment.time > 0) {
      done.emplace_back(minutes(moment.time), static_cast<double>(moment.step));
    }
  }
  for (const Moment& moment : history.checkpoints) {
    saved.emplace_back(minutes(moment.time), static_cast<double>(moment.step));
  }
  LineChart chart{"Course of the run", "minutes since the first start", {}, {}, true};
  chart.curves = {{"steps done", "kept", done, false}, {"checkpoints", "gone", saved, true}};
  for (const Attempt& attempt : history.attempts) {
    const std::optional<double> started = seconds_of_utc(attempt.started);
    if (started) {
      chart.marks.push_back({minutes(*started), fmt::format("attempt {} on {}, {}", attempt.number,
                                                            attempt.host, attempt.started)});
    }
  }
  return figure(std::move(chart),
                "Dashed: a start. A line that falls back is work done again after a restart.");
}

// Columns are runs of neighbouring steps; a cell is the worst of them.
HeatMap load_map(const RunHistory& history) {
  HeatMap map{
      "Load of the busiest expert over the mean, by layer and step", "step", {}, {}, {}, {}};
  const std::size_t num_layers = history.steps.back().layers.size();
  const std::size_t columns = std::min(max_columns, history.steps.size());
  map.heat.resize(num_layers);
  map.notes.resize(num_layers);
  for (const LayerPoint& layer : history.steps.back().layers) {
    map.rows.push_back(fmt::format("layer {}", layer.layer));
  }
  for (std::size_t column = 0; column < columns; ++column) {
    const std::size_t begin = column * history.steps.size() / columns,
                      end = (column + 1) * history.steps.size() / columns;
    map.columns.push_back(std::to_string(history.steps[begin].step));
    for (std::size_t layer = 0; layer < num_layers; ++layer) {
      LayerPoint worst;
      for (std::size_t i = begin; i < end; ++i) {
        if (layer >= history.steps[i].layers.size()) continue;
        const LayerPoint& point = history.steps[i].layers[layer];
        worst.overload = std::max(worst.overload, point.overload);
        worst.dead_experts = std::max(worst.dead_experts, point.dead_experts);
        worst.dropped += point.dropped;
      }
      map.heat[layer].push_back(std::log2(std::max(worst.overload, 1.0)) / full_heat);
      map.notes[layer].push_back(fmt::format(
          "{}, steps {} to {}: busiest expert {:.2f} times the mean, {} dead experts, {} dropped",
          map.rows[layer], history.steps[begin].step, history.steps[end - 1].step, worst.overload,
          worst.dead_experts, worst.dropped));
    }
  }
  return map;
}

bool has_experts(const RunHistory& history) {
  return !history.steps.empty() && !history.steps.back().layers.empty();
}

std::string load_figure(const RunHistory& history) {
  if (!has_experts(history)) return "";
  return figure_html("Expert load over layers and steps", svg_of(load_map(history)),
                     "Load of the busiest expert over the mean: pale is even, full colour eight "
                     "times the mean or more. A cell shows the worst of its steps.");
}

}  // namespace

std::string run_figures_html(const RunHistory& history) {
  std::string out = "<h2>How it went</h2><div class=\"plots\">";
  out += loss_figure(history) + course_figure(history);
  out += step_figure(history, "Tokens per second", "All ranks together.",
                     [](const StepPoint& step) { return step.tokens_per_second; });
  const std::string schedule =
      history.schedule.empty() ? "As the schedule set it." : html_text(history.schedule + ".");
  out += step_figure(history, "Learning rate", schedule.c_str(),
                     [](const StepPoint& step) { return step.learning_rate; });
  out += step_figure(history, "Gradient norm", "Before clipping.",
                     [](const StepPoint& step) { return step.gradient_norm; });
  out += step_figure(history, "Goodput",
                     "Share of the time since the first start that steps which count took.",
                     [](const StepPoint& step) { return step.goodput; });
  out += fmt::format("</div><h2>{}</h2>{}<div class=\"plots below\">",
                     has_experts(history) ? "Experts" : "Ranks", load_figure(history));
  out += step_figure(history, "Overload", "Busiest expert over the mean, in the worst layer.",
                     std::mem_fn(&StepPoint::worst_overload));
  out += step_figure(history, "Dropped choices", "For lack of capacity, all layers.", all_dropped);
  out += exchange_figure(history);
  out += step_figure(history, "Exchange bandwidth",
                     "Bytes per second: what leaves a rank, by the seconds it spends in exchanges.",
                     [](const StepPoint& step) { return step.exchange_bytes_per_second; });
  out += spread_figure(history);
  return out + "</div>\n";
}

}  // namespace switchyard
