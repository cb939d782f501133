#include "launch/report/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/report/figure.h"
#include "io/report/report_page.h"
#include "io/report/report_values.h"
#include "io/text/escape.h"
#include "launch/report/run_figures.h"

namespace switchyard {
namespace {

constexpr const char* run_style = R"(
svg polyline { fill: none; stroke-width: 1.5; } svg polyline.kept { stroke: var(--kept); }
svg polyline.gone { stroke: var(--gone); } svg circle.gone { fill: var(--gone); }
svg .mark { stroke: var(--alarm); stroke-dasharray: 3 3; stroke-width: 1.5; }
svg text.legend { text-anchor: start; } svg rect.heat { fill: var(--gone); stroke: var(--line);
  stroke-width: .3; }
.below { margin-top: 12px; }
figure { overflow-x: auto; } svg.broad { min-width: 720px; }
pre { font: 13px/1.5 ui-monospace, monospace; overflow-x: auto; }
)";

class RunPage : private ReportPage {
 public:
  explicit RunPage(const RunHistory& history)
      : ReportPage(history.name + " - Switchyard", history.name, run_style), history_(history) {}

  std::string html() {
    add_tiles();
    add_problem();
    out_ += run_figures_html(history_);
    add_parts();
    add_attempts();
    add_config();
    return finish();
  }

 private:
  void add_tiles() {
    const RunState& state = history_.state;
    out_ += "<div class=\"tiles\">";
    add_tile(state.status.empty() ? "not started" : state.status,
             fmt::format("{} of {} steps", with_commas(state.step), with_commas(state.steps)));
    if (!history_.steps.empty()) add_newest(history_.steps.back());
    if (!history_.validation.empty()) {
      add_tile(fmt::format("{:.4f}", history_.validation.back().second), "validation loss");
    }
    add_tile(with_commas(std::max<std::int64_t>(std::ssize(history_.attempts) - 1, 0)),
             fmt::format("restarts; {} steps done again", with_commas(history_.steps_done_again)));
    add_tile(with_commas(std::ssize(history_.checkpoints)),
             state.checkpoint.empty() ? "checkpoints" : "checkpoints, newest " + state.checkpoint);
    out_ += "</div>\n";
  }

  void add_newest(const StepPoint& newest) {
    std::int64_t tokens = 0;
    double rate = 0.0, overload = 0.0;
    const auto count = static_cast<double>(history_.steps.size());
    for (const StepPoint& step : history_.steps) {
      tokens += step.tokens;
      rate += step.tokens_per_second / count;
      overload += step.worst_overload() / count;
    }
    add_tile(fmt::format("{:.4f}", newest.loss), fmt::format("loss at step {}", newest.step));
    add_tile(with_commas(std::isfinite(rate) ? std::llround(rate) : 0),
             fmt::format("tokens per second, mean{}; {} tokens",
                         overload > 0.0 ? fmt::format(", with {:.2f} times the mean load on the "
                                                      "busiest expert of the worst layer",
                                                      overload)
                                        : "",
                         with_commas(tokens)));
    if (newest.goodput > 0.0) {
      add_tile(fmt::format("{:.1f} %", 100 * newest.goodput),
               "goodput: time in steps that count, of all time since the first start");
    }
  }

  void add_problem() {
    if (history_.state.problem.empty()) return;
    add("<div class=\"card alarm\"><h3>What ended it</h3><code>{}</code></div>\n",
        html_text(history_.state.problem));
  }

  void add_parts() {
    double whole = 0.0;
    for (const auto& [part, seconds] : history_.part_seconds) whole += seconds;
    if (!(whole > 0.0)) return;
    std::vector<std::pair<std::string, double>> parts(history_.part_seconds.begin(),
                                                      history_.part_seconds.end());
    std::sort(parts.begin(), parts.end(),
              [](const auto& a, const auto& b) { return a.second > b.second; });
    out_ +=
        "<h2>Where a step's time goes</h2><div class=\"card wide\"><table>\n<tr><th>Part</th>"
        "<th>Seconds a step</th><th>Share</th><th class=\"text\"></th></tr>\n";
    for (const auto& [part, seconds] : parts) {
      const auto share = static_cast<std::int64_t>(1e6 * seconds / whole);
      add("<tr><td>{}</td><td>{:.4f}</td><td>{}</td><td class=\"bar\">{}</td></tr>\n",
          html_text(part), seconds / static_cast<double>(history_.steps.size()),
          html_text(share_in_words(share, 1'000'000)), track_html({{"kept", share}}, 1'000'000));
    }
    out_ +=
        "</table></div>\n<p class=\"soft\">Mean over ranks. Parts that send include waiting for "
        "other ranks; what no part claims is left out.</p>\n";
  }

  void add_attempts() {
    out_ +=
        "<h2>Starts</h2><div class=\"card wide\"><table>\n<tr><th>Attempt</th>"
        "<th class=\"text\">Started</th><th class=\"text\">Host</th><th class=\"text\">Slurm job"
        "</th><th class=\"text\">Went on from</th></tr>\n";
    for (const Attempt& attempt : history_.attempts) {
      add("<tr><td>{}</td><td class=\"text\">{}</td><td class=\"text\">{}</td>"
          "<td class=\"text\">{}</td><td class=\"text\"><code>{}</code></td></tr>\n",
          attempt.number, html_text(attempt.started), html_text(attempt.host),
          html_text(attempt.slurm_job), html_text(attempt.resumed_from));
    }
    out_ += "</table></div>\n";
  }

  void add_config() {
    if (history_.config.empty()) return;
    add("<h2>Config</h2><details class=\"card\"><summary>config.toml</summary><pre>{}</pre>"
        "</details>\n",
        html_text(history_.config));
  }

  const RunHistory& history_;
};

}  // namespace

std::string run_report_html(const RunHistory& history) { return RunPage(history).html(); }

}  // namespace switchyard
