#include "io/report/charts.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "io/report/report_values.h"
#include "io/report/svg_frame.h"

namespace switchyard {
namespace {

constexpr double chart_width = 520, chart_height = 230;
constexpr Margins line_margins{58, 10, 24, 40}, bar_margins{52, 8, 10, 44},
    map_margins{58, 10, 0, 40};
constexpr std::size_t max_points = 400, max_bar_labels = 11, max_row_labels = 24;
constexpr double map_width = 1060;

struct Interval {
  double low = 0.0, high = 1.0;
  double share(double value) const { return (value - low) / (high - low); }
};

void stretch(Interval& interval, double value, bool& first) {
  interval.low = first ? value : std::min(interval.low, value);
  interval.high = first ? value : std::max(interval.high, value);
  first = false;
}

// Never empty, so that it can be divided by.
Interval widened(Interval interval) {
  const double least = std::max(1e-12, 1e-6 * std::abs(interval.high));
  if (interval.high - interval.low < least) {
    interval.high += std::max(least, 0.5 * std::abs(interval.high));
  }
  return interval;
}

// 1, 2 or 5 times a power of ten: the smallest that makes at most five steps.
double tick_step(const Interval& interval) {
  const double rough = (interval.high - interval.low) / 5;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

std::vector<double> ticks_of(const Interval& interval, double step) {
  std::vector<double> ticks;
  for (double tick = std::ceil(interval.low / step) * step; tick <= interval.high; tick += step) {
    ticks.push_back(std::abs(tick) < 1e-9 * step ? 0.0 : tick);
  }
  return ticks;
}

std::string in_short(double value) {
  constexpr const char* units[] = {"", "k", "M", "G", "T", "P", "E"};
  std::size_t unit = 0;
  if (std::abs(value) < 10'000) return fmt::format("{:.4g}", value);
  for (; std::abs(value) >= 999.5 && unit + 1 < std::size(units); ++unit) value /= 1000;
  return fmt::format("{:.3g}{}", value, units[unit]);
}

std::string count_in_short(double count) {
  return count < 10'000 ? with_commas(std::llround(count)) : in_short(count);
}

// The curves of a line chart as they are drawn, and the intervals that they span.
struct DrawnCurves {
  std::vector<Curve::Points> curves;
  Interval across, up;

  explicit DrawnCurves(const LineChart& chart) {
    bool first_x = true, first_y = true;
    for (const Curve& curve : chart.curves) {
      Curve::Points& points = curves.emplace_back();
      for (const auto& point : curve.dots ? curve.points : thinned(curve.points, max_points)) {
        if (!std::isfinite(point.first) || !std::isfinite(point.second)) continue;
        stretch(across, point.first, first_x);
        stretch(up, point.second, first_y);
        points.push_back(point);
      }
    }
    for (const Mark& mark : chart.marks) {
      if (std::isfinite(mark.x) && !first_x) stretch(across, mark.x, first_x);
    }
    if (chart.from_zero) up.low = std::min(0.0, up.low);
    across = widened(across);
    up = widened(up);
  }
};

void add_curve(SvgFrame& svg, const Curve& curve, const Curve::Points& points) {
  if (curve.dots) {
    for (const auto& [x, y] : points)
      svg.add(R"(<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3"/>)", curve.color, x, y);
    return;
  }
  svg.add(R"(<polyline class="{}" points=")", curve.color);
  for (const auto& [x, y] : points) svg.add("{:.1f},{:.1f} ", x, y);
  svg.add(R"("/>)");
}

void add_legend(SvgFrame& svg, const std::vector<Curve>& curves) {
  if (curves.size() < 2) return;
  double x = svg.left;
  for (const Curve& curve : curves) {
    svg.rectangle(curve.color, x, 4, 10, 10);
    svg.text("legend", x + 14, 13, curve.name);
    x += 34 + 6.2 * static_cast<double>(curve.name.size());
  }
}

std::int64_t largest_count(const BarChart& chart) {
  std::int64_t largest = 1;
  for (const Series& series : chart.series) {
    for (const std::int64_t count : series.counts) largest = std::max(largest, count);
  }
  return largest;
}

std::vector<double> count_ticks(double largest, bool logarithmic) {
  const Interval counts{0.0, largest};
  if (!logarithmic) return ticks_of(counts, std::max(1.0, tick_step(counts)));
  std::vector<double> ticks = {0.0};
  for (double tick = 1; tick <= largest; tick *= 10) ticks.push_back(tick);
  return ticks;
}

double row_height(std::size_t num_rows) {
  return std::clamp(320.0 / static_cast<double>(std::max<std::size_t>(num_rows, 1)), 6.0, 24.0);
}

void add_cells(SvgFrame& svg, const HeatMap& map, std::size_t row, double y, double height) {
  const std::size_t count = std::min(map.heat[row].size(), map.notes[row].size());
  const double width = svg.plot_width() / static_cast<double>(std::max<std::size_t>(count, 1));
  for (std::size_t column = 0; column < count; ++column) {
    const double heat = map.heat[row][column];
    svg.rectangle("heat", svg.left + width * static_cast<double>(column), y, width, height - 1,
                  map.notes[row][column], std::isfinite(heat) ? std::clamp(heat, 0.0, 1.0) : 0.0);
  }
}

}  // namespace

Curve::Points thinned(const Curve::Points& points, std::size_t max_points) {
  if (points.size() <= max_points) return points;
  Curve::Points means;
  for (std::size_t i = 0; i < max_points; ++i) {
    const std::size_t begin = i * points.size() / max_points,
                      end = (i + 1) * points.size() / max_points;
    double x = 0.0, y = 0.0;
    for (std::size_t k = begin; k < end; ++k) {
      x += points[k].first;
      y += points[k].second;
    }
    const auto count = static_cast<double>(end - begin);
    means.emplace_back(x / count, y / count);
  }
  return means;
}

std::string svg_of(const LineChart& chart) {
  DrawnCurves drawn(chart);
  const Interval across = drawn.across, up = drawn.up;
  SvgFrame svg(chart_width, chart_height, line_margins, chart.title);
  const auto x_of = [&](double x) { return svg.left + svg.plot_width() * across.share(x); };
  const auto y_of = [&](double y) { return svg.floor - svg.plot_height() * up.share(y); };
  for (const double tick : ticks_of(up, tick_step(up))) svg.y_tick(y_of(tick), in_short(tick));
  svg.line("base", svg.left, svg.floor, svg.right, svg.floor);
  for (const double tick : ticks_of(across, tick_step(across)))
    svg.x_label("label", x_of(tick), in_short(tick));
  for (const Mark& mark : chart.marks) {
    if (!std::isfinite(mark.x) || mark.x < across.low || mark.x > across.high) continue;
    svg.line("mark", x_of(mark.x), svg.top, x_of(mark.x), svg.floor, mark.name);
  }
  for (std::size_t i = 0; i < chart.curves.size(); ++i) {
    for (auto& [x, y] : drawn.curves[i]) std::tie(x, y) = std::pair(x_of(x), y_of(y));
    add_curve(svg, chart.curves[i], drawn.curves[i]);
  }
  add_legend(svg, chart.curves);
  return svg.finish(chart.x_axis);
}

std::string svg_of(const BarChart& chart) {
  SvgFrame svg(chart_width, chart_height, bar_margins, chart.title);
  const auto scale = [&](double count) {
    return chart.logarithmic ? std::log10(1 + count) : count;
  };
  const auto largest = static_cast<double>(largest_count(chart));
  const auto height_of = [&](double count) {
    return svg.plot_height() * scale(count) / scale(largest);
  };
  for (const double tick : count_ticks(largest, chart.logarithmic))
    svg.y_tick(svg.floor - height_of(tick), count_in_short(tick));
  svg.line("base", svg.left, svg.floor, svg.right, svg.floor);

  const std::size_t num_labels = chart.labels.size();
  const double slot = svg.plot_width() / static_cast<double>(std::max<std::size_t>(num_labels, 1));
  const double width =
      slot * 0.84 / static_cast<double>(std::max<std::size_t>(chart.series.size(), 1));
  double x = svg.left + slot * 0.08;
  for (const Series& series : chart.series) {
    for (std::size_t i = 0; i < std::min(series.counts.size(), num_labels); ++i) {
      if (series.counts[i] <= 0) continue;
      const double height = std::max(height_of(static_cast<double>(series.counts[i])), 1.0);
      svg.rectangle(
          series.color, x + slot * static_cast<double>(i), svg.floor - height, width, height,
          fmt::format("{}, {}: {}", chart.labels[i], series.name, with_commas(series.counts[i])));
    }
    x += width;
  }
  const std::size_t every = (num_labels + max_bar_labels - 1) / max_bar_labels;
  for (std::size_t i = 0; i < num_labels; i += every)
    svg.x_label("label", svg.left + slot * (static_cast<double>(i) + 0.5), chart.labels[i]);
  return svg.finish(chart.x_axis);
}

std::string svg_of(const HeatMap& map) {
  const std::size_t num_rows = std::min({map.rows.size(), map.heat.size(), map.notes.size()});
  const double height = row_height(map.rows.size());
  SvgFrame svg(map_width, height * static_cast<double>(num_rows) + map_margins.bottom, map_margins,
               map.title, "broad");
  const std::size_t every = (num_rows + max_row_labels - 1) / max_row_labels;
  for (std::size_t row = 0; row < num_rows; ++row) {
    const double y = height * static_cast<double>(row);
    add_cells(svg, map, row, y, height);
    if (row % every == 0) svg.text("tick", svg.left - 6, y + height / 2 + 4, map.rows[row]);
  }
  if (!map.columns.empty()) {
    svg.x_label("legend", svg.left, map.columns.front());
    svg.x_label("tick", svg.right, map.columns.back());
  }
  return svg.finish(map.x_axis);
}

}  // namespace switchyard
