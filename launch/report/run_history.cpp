#include "launch/report/run_history.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "io/files/durable.h"
#include "io/report/report_values.h"
#include "launch/config/config.h"
#include "runtime/error.h"
#include "train/step/schedule.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
constexpr std::int64_t max_config_bytes = 1 << 20;

std::vector<LayerPoint> layers_of(const Json& line) {
  std::vector<LayerPoint> layers;
  const Json objects = part_at(line, "layers");
  for (const Json& object : objects) {
    layers.push_back({integer_at(object, "layer"), integer_at(object, "dead_experts"),
                      integer_at(object, "dropped"), number_at(object, "max_over_mean")});
  }
  return layers;
}

StepPoint step_of(const Json& line) {
  const Json course = part_at(line, "course");
  const Json busy = part_at(course, "busy"), exchange = part_at(course, "exchange");
  StepPoint point;
  point.attempt = integer_at(line, "attempt");
  point.step = integer_at(line, "step") + (line.contains("kind") ? 0 : 1);
  point.tokens = integer_at(line, "tokens");
  point.loss = number_at(line, "loss");
  point.learning_rate = number_at(line, "learning_rate");
  point.gradient_norm = number_at(line, "gradient_norm");
  point.tokens_per_second = number_at(line, "tokens_per_second");
  point.time = number_at(course, "time");
  point.goodput = number_at(course, "goodput");
  point.busy_least = number_at(busy, "least");
  point.busy_most = number_at(busy, "most");
  point.bytes_own_node = number_at(exchange, "own_node");
  point.bytes_other_nodes = number_at(exchange, "other_nodes");
  point.exchange_bytes_per_second = number_at(exchange, "bytes_per_second");
  point.layers = layers_of(line);
  return point;
}

// Empty if the config is not one of this version.
std::string schedule_of(const std::string& text) {
  try {
    Config config;
    apply_toml(config, text, "config.toml");
    return schedule_in_words(config.train);
  } catch (const Error&) {
    return "";
  }
}

class Reader {
 public:
  explicit Reader(RunHistory& history) : history_(history) {}

  void take(const Json& line) {
    if (!line.is_object()) return;  // an incomplete line
    const Moment moment{integer_at(line, "attempt"), integer_at(line, "step"),
                        number_at(line, "time")};
    if (line.contains("checkpoint")) history_.checkpoints.push_back(moment);
    if (line.contains("validation_loss")) {
      validation_[moment.step] = number_at(line, "validation_loss");
    }
    if (line.contains("loss")) take_step(line);
  }

  void finish() {
    for (auto& [number, step] : steps_) {
      for (const auto& [part, seconds] : step.parts) history_.part_seconds[part] += seconds;
      history_.steps.push_back(std::move(step.point));
    }
    history_.validation.assign(validation_.begin(), validation_.end());
  }

 private:
  struct Step {
    StepPoint point;
    std::map<std::string, double> parts;
  };

  void take_step(const Json& line) {
    Step step{step_of(line), {}};
    const Json parts = part_at(part_at(line, "course"), "parts");
    for (const auto& [part, seconds] : parts.items()) step.parts[part] = number_at(parts, part);
    history_.course.push_back({step.point.attempt, step.point.step, step.point.time});
    const std::int64_t number = step.point.step;
    history_.steps_done_again += steps_.contains(number);
    steps_[number] = std::move(step);
  }

  RunHistory& history_;
  std::map<std::int64_t, Step> steps_;
  std::map<std::int64_t, double> validation_;
};

}  // namespace

double StepPoint::worst_overload() const {
  double worst = 0.0;
  for (const LayerPoint& layer : layers) worst = std::max(worst, layer.overload);
  return worst;
}

RunHistory read_history(const fs::path& run) {
  const RunDirectory directory(run);
  require(directory.used(), Exit::usage,
          "{} is not a run directory: name one that `switchyard train` wrote", run.string());
  RunHistory history;
  history.name = run.lexically_normal().string();
  history.state = directory.read_state();
  history.attempts = all_attempts(run);
  if (fs::exists(directory.config_file())) {
    history.config = durable::read_file(directory.config_file(), max_config_bytes);
    history.schedule = schedule_of(history.config);
  }
  Reader reader(history);
  std::ifstream file(directory.metrics_file());
  for (std::string line; std::getline(file, line);) {
    reader.take(Json::parse(line, nullptr, false));
  }
  reader.finish();
  return history;
}

}  // namespace switchyard
