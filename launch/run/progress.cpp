#include "launch/run/progress.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "io/text/escape.h"

namespace switchyard {
namespace {

constexpr std::chrono::seconds between_log_lines{10};

std::string bar(std::int64_t done, std::int64_t steps, Color color) {
  const std::string text = progress_bar(done, steps);
  return color == Color::yes ? fmt::format("[\x1b[32m{}\x1b[0m]", text) : fmt::format("[{}]", text);
}

std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
  return whole >= 60 ? fmt::format("{}m{:02}s", whole / 60, whole % 60) : fmt::format("{}s", whole);
}

std::string rate(double per_second) {
  if (per_second >= 1e6) return fmt::format("{:.1f}M", per_second / 1e6);
  return per_second >= 1e4 ? fmt::format("{:.1f}k", per_second / 1e3)
                           : fmt::format("{:.0f}", per_second);
}

std::vector<std::string> figures_of(const StepReport& report, double tokens_per_second,
                                    double seconds_left) {
  std::vector<std::string> figures = {fmt::format("loss {:.3f}", report.loss),
                                      rate(tokens_per_second) + " tokens/s"};
  if (!report.layers.empty())
    figures.push_back(fmt::format("balance {:.2f}", worst_max_over_mean(report.layers)));
  if (seconds_left >= 0.0) figures.push_back(duration(seconds_left) + " left");
  return figures;
}

}  // namespace

std::string progress_line(const StepReport& report, std::int64_t steps, double tokens_per_second,
                          double seconds_left, Color color) {
  const std::int64_t done = report.step + 1;
  return fmt::format("{} {:>{}}/{}  {}", bar(done, steps, color), done,
                     fmt::formatted_size("{}", steps), steps,
                     fmt::join(figures_of(report, tokens_per_second, seconds_left), "  "));
}

std::string log_line(const StepReport& report, std::int64_t steps, double tokens_per_second,
                     double seconds_left) {
  return fmt::format("step {} of {}: {}", report.step + 1, steps,
                     fmt::join(figures_of(report, tokens_per_second, seconds_left), ", "));
}

std::string evaluation_summary(std::int64_t steps_done, const Evaluation& evaluation) {
  std::vector<std::string> sources;
  for (const SourceLoss& source : evaluation.sources) {
    sources.push_back(fmt::format("{} {:.4f}", terminal_text(source.source), source.loss));
  }
  std::string text = fmt::format("step {}: validation loss {:.4f}", steps_done, evaluation.loss);
  if (sources.size() > 1) text += fmt::format(" ({})", fmt::join(sources, ", "));
  return text;
}

std::string placement_summary(const PlacementReport& report) {
  if (report.layers.empty())
    return fmt::format("step {}: the model has no experts to move", report.steps_done);
  int moved = 0, layers = 0;
  double before = 0.0, after = 0.0;
  for (const PlacementChange& change : report.layers) {
    moved += change.moved;
    layers += change.moved > 0;
    before = std::max(before, change.before);
    after = std::max(after, change.after);
  }
  if (moved == 0) {
    return fmt::format("step {}: no experts moved; the busiest rank has {:.2f} times the mean load",
                       report.steps_done, before);
  }
  return fmt::format(
      "step {}: {} experts moved in {} of {} layers in {:.2f} s; the busiest rank has {:.2f} times "
      "the mean load, from {:.2f}",
      report.steps_done, moved, layers, report.layers.size(), report.seconds, after, before);
}

std::string guard_summary(const StepReport& report) {
  constexpr const char* consequences[] = {
      "it was accepted", "it was right when recomputed, and was accepted",
      "it was the same when recomputed, and was accepted as an outlier",
      "it was wrong again when recomputed, so its batch is skipped",
      "the run goes back to a checkpoint"};
  return fmt::format("step {}: {}; {}", report.step + 1, report.problem,
                     consequences[static_cast<std::size_t>(report.outcome)]);
}

void Progress::report(const StepReport& report) {
  // The first step of an attempt pays for start-up, so the second one replaces it in the means.
  const double weight = report.step <= first_step_ + 1 ? 1.0 : 0.1;
  const double tokens_per_second = static_cast<double>(report.tokens) / report.seconds;
  tokens_per_second_ += weight * (tokens_per_second - tokens_per_second_);
  seconds_per_step_ += weight * (report.seconds - seconds_per_step_);

  const bool first = report.step == first_step_, last = report.step + 1 == steps_;
  const double left =
      first ? -1.0 : static_cast<double>(steps_ - report.step - 1) * seconds_per_step_;
  if (first || last || line_.due()) {
    line_.show(progress_line(report, steps_, tokens_per_second_, left, color_));
  }
  const auto now = std::chrono::steady_clock::now();
  if (first || last || now - logged_ >= between_log_lines) {
    log_(log_line(report, steps_, tokens_per_second_, left));
    logged_ = now;
  }
}

}  // namespace switchyard
