#include "io/report/report_plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "io/report/report_values.h"
#include "io/text/escape.h"

namespace switchyard {
namespace {

constexpr double width = 520, height = 230;
constexpr double left = 52, right = 8, top = 10, bottom = 44;
constexpr double plot_width = width - left - right, plot_height = height - top - bottom;
constexpr std::size_t max_labels = 11;
constexpr std::int64_t max_counted = 100'000'000'000'000'000;  // so that no tick overflows

std::int64_t largest_count(const BarChart& chart) {
  std::int64_t largest = 1;
  for (const Series& series : chart.series) {
    for (const std::int64_t count : series.counts) largest = std::max(largest, count);
  }
  return std::min(largest, max_counted);
}

// 1, 2, 5, 10, 20, ...: the smallest that makes at most five steps.
std::int64_t step_for(std::int64_t largest) {
  for (std::int64_t power = 1;; power *= 10) {
    for (const std::int64_t step : {power, 2 * power, 5 * power}) {
      if (largest / step < 5) return step;
    }
  }
}

std::vector<std::int64_t> ticks_for(std::int64_t largest, bool logarithmic) {
  std::vector<std::int64_t> ticks = {0};
  if (logarithmic) {
    for (std::int64_t tick = 1; tick <= largest; tick *= 10) ticks.push_back(tick);
    return ticks;
  }
  const std::int64_t step = step_for(largest);
  for (std::int64_t tick = step; tick <= largest; tick += step) ticks.push_back(tick);
  return ticks;
}

std::string in_short(std::int64_t count) {
  if (count < 10'000) return with_commas(count);
  const char* const units[] = {"k", "M", "G", "T", "P"};
  auto amount = static_cast<double>(count) / 1000;
  std::size_t unit = 0;
  for (; amount >= 999.5 && unit + 1 < std::size(units); ++unit) amount /= 1000;
  return fmt::format("{:.3g}{}", amount, units[unit]);
}

class Plot {
 public:
  explicit Plot(const BarChart& chart) : chart_(chart), largest_(largest_count(chart)) {}

  std::string svg() {
    add(R"(<svg viewBox="0 0 {} {}" role="img"><title>{}</title>)", width, height,
        html_text(chart_.title));
    add_grid();
    for (std::size_t i = 0; i < chart_.series.size(); ++i) add_bars(i);
    add_labels();
    add(R"(<text class="axis" x="{:.1f}" y="{:.1f}">{}</text></svg>)", left + plot_width / 2,
        height - 6, html_text(chart_.x_axis));
    return std::move(out_);
  }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  double height_of(std::int64_t count) const {
    const auto scale = [&](std::int64_t value) {
      const auto number = static_cast<double>(value);
      return chart_.logarithmic ? std::log10(1 + number) : number;
    };
    return plot_height * scale(count) / scale(largest_);
  }

  double slot() const {
    return plot_width / static_cast<double>(std::max<std::size_t>(chart_.labels.size(), 1));
  }

  void add_grid() {
    for (const std::int64_t tick : ticks_for(largest_, chart_.logarithmic)) {
      const double y = top + plot_height - height_of(tick);
      add(R"(<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)",
          tick == 0 ? "base" : "grid", left, y, width - right, y);
      add(R"(<text class="tick" x="{:.1f}" y="{:.1f}">{}</text>)", left - 6, y + 4, in_short(tick));
    }
  }

  void add_bars(std::size_t which) {
    const Series& series = chart_.series[which];
    const double bar = slot() * 0.84 / static_cast<double>(chart_.series.size());
    const std::size_t count = std::min(series.counts.size(), chart_.labels.size());
    for (std::size_t i = 0; i < count; ++i) {
      if (series.counts[i] <= 0) continue;
      const double tall = std::max(height_of(std::min(series.counts[i], largest_)), 1.0);
      const double x =
          left + slot() * (static_cast<double>(i) + 0.08) + bar * static_cast<double>(which);
      add(R"(<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">)", series.color,
          x, top + plot_height - tall, bar, tall);
      add("<title>{}, {}: {}</title></rect>", html_text(chart_.labels[i]), html_text(series.name),
          with_commas(series.counts[i]));
    }
  }

  void add_labels() {
    const std::size_t every = (chart_.labels.size() + max_labels - 1) / max_labels;
    for (std::size_t i = 0; i < chart_.labels.size(); i += every) {
      add(R"(<text class="label" x="{:.1f}" y="{:.1f}">{}</text>)",
          left + slot() * (static_cast<double>(i) + 0.5), top + plot_height + 15,
          html_text(chart_.labels[i]));
    }
  }

  const BarChart& chart_;
  std::int64_t largest_;
  std::string out_;
};

}  // namespace

std::string svg_of(const BarChart& chart) { return Plot(chart).svg(); }

}  // namespace switchyard
