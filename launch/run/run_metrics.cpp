#include "launch/run/run_metrics.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/files/durable.h"
#include "launch/host/host_name.h"
#include "launch/run/attempts.h"

namespace switchyard {
namespace {

constexpr std::chrono::seconds between_prometheus{5};  // it is read every 15 s or so

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::vector<Scalar> scalars_of(const RunFigures& figures) {
  const StepReport& step = figures.step;
  std::vector<Scalar> scalars = {
      {"train/loss", step.loss},
      {"train/learning_rate", step.learning_rate},
      {"train/gradient_norm", step.gradient_norm},
      {"train/balance_loss", step.balance_loss},
      {"train/z_loss", step.z_loss},
      {"speed/tokens_per_second", static_cast<double>(step.tokens) / step.seconds},
      {"speed/goodput", figures.course.goodput},
      {"speed/busy_most_over_median",
       figures.course.times.busy_median > 0.0
           ? figures.course.times.busy_most / figures.course.times.busy_median
           : 1.0}};
  for (std::size_t module = 0; module < step.mtp_loss.size(); ++module)
    scalars.push_back({fmt::format("train/mtp_loss_{}", module), step.mtp_loss[module]});
  for (const auto& [part, seconds] : figures.course.times.parts) {
    scalars.push_back({"seconds/" + part, seconds});
  }
  for (const LayerLoad& load : step.layers) {
    const std::string layer = fmt::format("layer_{:03}", load.layer);
    scalars.push_back({"expert_overload/" + layer, load.max_over_mean});
    scalars.push_back({"dead_experts/" + layer, static_cast<double>(load.dead_experts)});
    scalars.push_back({"dropped_choices/" + layer, static_cast<double>(load.dropped)});
  }
  if (figures.energy.joules > 0.0 && figures.energy.tokens > 0) {
    scalars.push_back({"energy/joules_per_million_tokens",
                       figures.energy.joules / static_cast<double>(figures.energy.tokens) * 1e6});
  }
  if (!step.layers.empty()) {
    scalars.push_back({"speed/exchange_bytes_per_second",
                       exchange_bandwidth(step, figures.course.times, figures.num_ranks)});
  }
  return scalars;
}

}  // namespace

RunMetrics::RunMetrics(const RunDirectory& directory, int attempt, int num_ranks,
                       std::int64_t steps)
    : directory_(directory), first_start_(first_start(directory.path()).value_or(seconds_now())) {
  figures_.run = directory.path().lexically_normal().string();
  figures_.attempt = attempt;
  figures_.num_ranks = num_ranks;
  figures_.steps = steps;
}

void RunMetrics::stepped(const StepReport& report, const StepTimes& times, const EnergyUse& energy,
                         double productive_seconds) {
  const double now = seconds_now();
  const double age = std::max(now - first_start_, productive_seconds);
  figures_.step = report;
  figures_.energy.add(energy);
  figures_.course = {now, times, age > 0.0 ? productive_seconds / age : 0.0, energy};
  note_line(metrics_line(figures_.attempt, figures_.num_ranks, report, figures_.course));
  note_event(report.step + 1, scalars_of(figures_));
  if (Clock::now() - prometheus_written_ >= between_prometheus) finish();
}

void RunMetrics::counted(const StepReport& report) {
  note_line(experts_line(figures_.attempt, report));
}

void RunMetrics::evaluated(std::int64_t steps_done, const Evaluation& evaluation) {
  figures_.validation_loss = evaluation.loss;
  note_line(validation_line(figures_.attempt, steps_done, evaluation));
  std::vector<Scalar> scalars = {{"validation/loss", evaluation.loss}};
  for (const SourceLoss& source : evaluation.sources) {
    if (evaluation.sources.size() > 1) {
      scalars.push_back({"validation_of_sources/" + source.source, source.loss});
    }
  }
  note_event(steps_done, scalars);
}

void RunMetrics::guarded(const StepReport& report) {
  note_line(guard_line(figures_.attempt, report));
}

void RunMetrics::placed(const PlacementReport& report) {
  note_line(placement_line(figures_.attempt, report));
}

void RunMetrics::met(const IslandReport& report) {
  note_line(islands_line(figures_.attempt, report));
  std::vector<Scalar> scalars = {{"islands/moved", report.moved}};
  for (std::size_t island = 0; island < report.islands.size(); ++island) {
    const IslandFigures& figures = report.islands[island];
    scalars.push_back({fmt::format("islands/loss_{}", island), figures.loss});
    scalars.push_back({fmt::format("islands/distance_{}", island), figures.distance});
  }
  note_event(report.steps_done, scalars);
}

void RunMetrics::saved(const std::filesystem::path& checkpoint, std::int64_t steps_done,
                       double seconds) {
  figures_.checkpoint =
      SavedCheckpoint{steps_done, checkpoint.filename().string(), seconds_now(), seconds};
  note_line(checkpoint_line(figures_.attempt, *figures_.checkpoint));
}

void RunMetrics::finish() {
  if (figures_.course.time == 0.0) return;  // no step yet
  durable::replace_file(directory_.prometheus_file(), prometheus_text(figures_));
  prometheus_written_ = Clock::now();
}

void RunMetrics::note_line(const std::string& line) {
  durable::append_line(directory_.metrics_file(), line);
}

void RunMetrics::note_event(std::int64_t step, const std::vector<Scalar>& scalars) {
  const double now = seconds_now();
  if (!events_) {
    events_.emplace(directory_.tensorboard(),
                    fmt::format("{}.attempt-{:04}", host_name(), figures_.attempt), now, step);
  }
  events_->append(event_scalars(now, step, scalars));
}

}  // namespace switchyard
