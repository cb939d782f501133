#include "launch/run/metrics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

namespace switchyard {
namespace {

class Line {
 public:
  void integer(std::string_view name, std::int64_t value) { raw(name, fmt::format("{}", value)); }

  // fmt prints the shortest decimal that reads back as the same double.
  void number(std::string_view name, double value) {
    const bool finite = std::isfinite(value);
    if (!finite) not_finite_.push_back(fmt::format("\"{}\"", name));
    raw(name, finite ? fmt::format("{}", value) : "null");
  }

  void raw(std::string_view name, std::string_view json) {
    text_ += fmt::format("{}\"{}\":{}", text_.empty() ? "" : ",", name, json);
  }

  std::string close() {
    if (!not_finite_.empty()) raw("not_finite", fmt::format("[{}]", fmt::join(not_finite_, ",")));
    return "{" + text_ + "}";
  }

 private:
  std::string text_;
  std::vector<std::string> not_finite_;
};

std::string layer_object(const LayerLoad& load) {
  Line line;
  line.integer("layer", load.layer);
  line.number("max_over_mean", load.max_over_mean);
  line.number("entropy", load.entropy);
  line.integer("dead_experts", load.dead_experts);
  line.integer("dropped", load.dropped);
  line.raw("percentiles", fmt::format("[{}]", fmt::join(load.percentiles, ",")));
  return line.close();
}

std::string parts_object(const StepTimes& times) {
  Line line;
  for (const auto& [part, seconds] : times.parts) line.number(part, seconds);
  return line.close();
}

std::string busy_object(const StepTimes& times) {
  Line line;
  line.number("least", times.busy_least);
  line.number("median", times.busy_median);
  line.number("most", times.busy_most);
  line.integer("rank", times.busiest_rank);
  return line.close();
}

std::string exchange_object(const StepReport& report, const StepTimes& times, int num_ranks) {
  Line line;
  line.integer("own_rank", report.exchanged.own_rank);
  line.integer("own_node", report.exchanged.own_node);
  line.integer("other_nodes", report.exchanged.other_nodes);
  line.number("bytes_per_second", exchange_bandwidth(report, times, num_ranks));
  return line.close();
}

std::string course_object(const StepReport& report, int num_ranks, const StepCourse& course) {
  Line line;
  line.raw("time", fmt::format("{:.3f}", course.time));
  line.number("seconds", report.seconds);
  line.integer("ranks", num_ranks);
  line.number("goodput", course.goodput);
  line.raw("parts", parts_object(course.times));
  line.raw("busy", busy_object(course.times));
  line.raw("exchange", exchange_object(report, course.times, num_ranks));
  return line.close();
}

std::string change_object(const PlacementChange& change) {
  Line line;
  line.integer("layer", change.layer);
  line.integer("moved", change.moved);
  line.number("max_over_mean_before", change.before);
  line.number("max_over_mean_after", change.after);
  return line.close();
}

}  // namespace

double exchange_bandwidth(const StepReport& report, const StepTimes& times, int num_ranks) {
  const double seconds = times.of("exchange");
  const auto bytes = static_cast<double>(report.exchanged.own_node + report.exchanged.other_nodes);
  return seconds > 0.0 ? bytes / num_ranks / seconds : 0.0;
}

std::string metrics_line(int attempt, int num_ranks, const StepReport& report,
                         const StepCourse& course) {
  Line line;
  line.integer("attempt", attempt);
  line.integer("step", report.step);
  line.number("loss", report.loss);
  line.number("gradient_norm", report.gradient_norm);
  line.number("learning_rate", report.learning_rate);
  line.integer("tokens", report.tokens);
  line.number("tokens_per_second", static_cast<double>(report.tokens) / report.seconds);
  line.number("balance_loss", report.balance_loss);
  line.number("z_loss", report.z_loss);
  std::vector<std::string> layers;
  for (const LayerLoad& load : report.layers) layers.push_back(layer_object(load));
  line.raw("layers", fmt::format("[{}]", fmt::join(layers, ",")));
  line.raw("course", course_object(report, num_ranks, course));
  return line.close();
}

std::string placement_line(int attempt, const PlacementReport& report) {
  Line line;
  line.integer("attempt", attempt);
  line.integer("step", report.steps_done);
  line.number("seconds", report.seconds);
  std::vector<std::string> layers;
  for (const PlacementChange& change : report.layers) layers.push_back(change_object(change));
  line.raw("placement", fmt::format("[{}]", fmt::join(layers, ",")));
  return line.close();
}

std::string validation_line(int attempt, std::int64_t step, double loss) {
  Line line;
  line.integer("attempt", attempt);
  line.integer("step", step);
  line.number("validation_loss", loss);
  return line.close();
}

std::string guard_line(int attempt, const StepReport& report) {
  Line line;
  line.integer("attempt", attempt);
  line.integer("step", report.step);
  line.raw("guard", fmt::format("\"{}\"", name_of(report.outcome)));
  line.raw("problem", nlohmann::json(report.problem).dump());
  return line.close();
}

std::string checkpoint_line(int attempt, const SavedCheckpoint& saved) {
  Line line;
  line.integer("attempt", attempt);
  line.integer("step", saved.step);
  line.raw("time", fmt::format("{:.3f}", saved.time));
  line.raw("checkpoint", nlohmann::json(saved.name).dump());
  line.number("save_seconds", saved.seconds);
  return line.close();
}

}  // namespace switchyard
