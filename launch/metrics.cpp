#include "launch/metrics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
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

std::string metrics_line(int attempt, const StepReport& report) {
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

}  // namespace switchyard
