#include "launch/run/prometheus.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

namespace switchyard {
namespace {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

std::string label_value(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    escaped += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return escaped;
}

std::string in_exposition(double value) {
  if (std::isnan(value)) return "NaN";
  return std::isinf(value) ? (value > 0 ? "+Inf" : "-Inf") : fmt::format("{}", value);
}

class Exposition {
 public:
  explicit Exposition(const std::string& run) : run_(label_value(run)) {}

  // The samples that follow belong to this gauge.
  void gauge(std::string_view name, std::string_view help) {
    name_ = fmt::format("switchyard_{}", name);
    text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name_, help);
  }
  void sample(double value, const Labels& labels = {}) {
    text_ += fmt::format("{}{{run=\"{}\"", name_, run_);
    for (const auto& [label, text] : labels) {
      text_ += fmt::format(",{}=\"{}\"", label, label_value(text));
    }
    text_ += fmt::format("}} {}\n", in_exposition(value));
  }
  void one(std::string_view name, std::string_view help, double value) {
    gauge(name, help);
    sample(value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string run_, name_, text_;
};

void add_step(const RunFigures& figures, Exposition& out) {
  const StepReport& step = figures.step;
  out.one("attempt", "Starts of the run.", figures.attempt);
  out.one("ranks", "MPI ranks of this attempt.", figures.num_ranks);
  out.one("steps_done", "Optimizer steps done.", static_cast<double>(step.step + 1));
  out.one("steps_wanted", "Optimizer steps of the whole run.", static_cast<double>(figures.steps));
  out.one("loss", "Cross-entropy per token of the newest step, nats.", step.loss);
  if (figures.validation_loss) {
    out.one("validation_loss", "Cross-entropy per token of the newest evaluation, nats.",
            *figures.validation_loss);
  }
  out.one("gradient_norm", "Norm of the gradient before clipping.", step.gradient_norm);
  out.one("learning_rate", "Learning rate of the newest step.", step.learning_rate);
  out.one("tokens_per_second", "Tokens trained on per second, all ranks.",
          static_cast<double>(step.tokens) / step.seconds);
  out.one("step_seconds", "Duration of the newest step.", step.seconds);
  out.one("step_time_seconds", "When the newest step ended, seconds since 1970.",
          figures.course.time);
  out.one("goodput_ratio", "Share of the time since the first start that steps which count took.",
          figures.course.goodput);
  if (figures.energy.joules > 0.0)
    out.one("energy_joules", "Energy of this attempt, measured or stated (run.watts).",
            figures.energy.joules);
}

void add_times(const StepTimes& times, Exposition& out) {
  out.gauge("part_seconds", "Where the newest step's time went, mean over ranks.");
  for (const auto& [part, seconds] : times.parts) out.sample(seconds, {{"part", part}});
  out.gauge("rank_busy_seconds", "Time of the newest step that ranks did not wait for others.");
  out.sample(times.busy_least, {{"over_ranks", "least"}});
  out.sample(times.busy_median, {{"over_ranks", "median"}});
  out.sample(times.busy_most, {{"over_ranks", "most"}});
  out.one("busiest_rank", "The rank that waited least.", times.busiest_rank);
}

void add_exchange(const RunFigures& figures, Exposition& out) {
  const ExchangedBytes& bytes = figures.step.exchanged;
  out.gauge("exchange_bytes", "Rows that tokens travelled as in the newest step, by where to.");
  out.sample(static_cast<double>(bytes.own_rank), {{"to", "own_rank"}});
  out.sample(static_cast<double>(bytes.own_node), {{"to", "own_node"}});
  out.sample(static_cast<double>(bytes.other_nodes), {{"to", "other_nodes"}});
  out.one("exchange_bytes_per_second", "Bytes that leave a rank by its time in exchanges.",
          exchange_bandwidth(figures.step, figures.course.times, figures.num_ranks));
}

template <class Value>
void add_layers(std::string_view name, std::string_view help, const StepReport& step,
                Exposition& out, Value value) {
  out.gauge(name, help);
  for (const LayerLoad& load : step.layers) {
    out.sample(value(load), {{"layer", std::to_string(load.layer)}});
  }
}

void add_experts(const StepReport& step, Exposition& out) {
  add_layers("expert_overload_ratio", "Load of the busiest expert over the mean.", step, out,
             [](const LayerLoad& load) { return load.max_over_mean; });
  add_layers("dead_experts", "Experts without a token in the newest step.", step, out,
             [](const LayerLoad& load) { return load.dead_experts; });
  add_layers("dropped_choices", "(token, choice) pairs that found their expert full.", step, out,
             [](const LayerLoad& load) { return static_cast<double>(load.dropped); });
  add_layers("expert_load_entropy", "Entropy of the experts' shares, nats.", step, out,
             [](const LayerLoad& load) { return load.entropy; });
  out.gauge("expert_load_ratio", "Percentiles of the experts' loads over the mean.");
  for (const LayerLoad& load : step.layers) {
    for (std::size_t i = 0; i < load_percentiles.size(); ++i) {
      out.sample(load.percentiles[i], {{"layer", std::to_string(load.layer)},
                                       {"quantile", in_exposition(load_percentiles[i] / 100.0)}});
    }
  }
}

}  // namespace

std::string prometheus_text(const RunFigures& figures) {
  Exposition out(figures.run);
  add_step(figures, out);
  add_times(figures.course.times, out);
  if (!figures.step.layers.empty()) {
    add_exchange(figures, out);
    add_experts(figures.step, out);
  }
  if (figures.checkpoint) {
    out.one("checkpoint_step", "Steps done in the newest checkpoint of this attempt.",
            static_cast<double>(figures.checkpoint->step));
    out.one("checkpoint_time_seconds", "When it was committed, seconds since 1970.",
            figures.checkpoint->time);
    out.one("checkpoint_save_seconds", "Duration of its save, which may run in the background.",
            figures.checkpoint->seconds);
  }
  return out.take();
}

}  // namespace switchyard
