#include "io/report/line_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "io/text/escape.h"

namespace switchyard {
namespace {

constexpr double frame_width = 520, frame_height = 230;
constexpr double frame_left = 58, frame_right = 10, frame_top = 24, frame_bottom = 40;
constexpr double frame_plot_width = frame_width - frame_left - frame_right,
                 frame_plot_height = frame_height - frame_top - frame_bottom;
constexpr std::size_t max_points = 400;

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

std::string in_short(double value) {
  constexpr const char* units[] = {"", "k", "M", "G", "T", "P"};
  std::size_t unit = 0;
  if (std::abs(value) < 10'000) return fmt::format("{:.4g}", value);
  for (; std::abs(value) >= 999.5 && unit + 1 < std::size(units); ++unit) value /= 1000;
  return fmt::format("{:.3g}{}", value, units[unit]);
}

class Drawing {
 public:
  explicit Drawing(const LineChart& chart) : chart_(chart) {
    bool first_x = true, first_y = true;
    for (const Curve& curve : chart.curves) {
      curves_.push_back(curve.dots ? curve.points : thinned(curve.points, max_points));
      for (const auto& [x, y] : curves_.back()) {
        if (!std::isfinite(x) || !std::isfinite(y)) continue;
        stretch(across_, x, first_x);
        stretch(up_, y, first_y);
      }
    }
    for (const Mark& mark : chart.marks) {
      if (std::isfinite(mark.x) && !first_x) stretch(across_, mark.x, first_x);
    }
    if (chart.from_zero) up_.low = std::min(0.0, up_.low);
    across_ = widened(across_);
    up_ = widened(up_);
  }

  std::string svg() {
    add(R"(<svg viewBox="0 0 {} {}" role="img"><title>{}</title>)", frame_width, frame_height,
        html_text(chart_.title));
    add_grid();
    for (const Mark& mark : chart_.marks) add_mark(mark);
    for (std::size_t i = 0; i < curves_.size(); ++i) add_curve(chart_.curves[i], curves_[i]);
    add_legend();
    add(R"(<text class="axis" x="{:.1f}" y="{:.1f}">{}</text></svg>)",
        frame_left + frame_plot_width / 2, frame_height - 4, html_text(chart_.x_axis));
    return std::move(out_);
  }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  double x_of(double x) const { return frame_left + frame_plot_width * across_.share(x); }
  double y_of(double y) const { return frame_top + frame_plot_height * (1 - up_.share(y)); }

  void add_grid() {
    const double step_up = tick_step(up_), step_across = tick_step(across_);
    for (double tick = std::ceil(up_.low / step_up) * step_up; tick <= up_.high; tick += step_up) {
      add(R"(<line class="grid" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)", frame_left,
          y_of(tick), frame_width - frame_right, y_of(tick));
      add(R"(<text class="tick" x="{:.1f}" y="{:.1f}">{}</text>)", frame_left - 6, y_of(tick) + 4,
          in_short(std::abs(tick) < 1e-9 * step_up ? 0.0 : tick));
    }
    add(R"(<line class="base" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)", frame_left,
        frame_top + frame_plot_height, frame_width - frame_right, frame_top + frame_plot_height);
    for (double tick = std::ceil(across_.low / step_across) * step_across; tick <= across_.high;
         tick += step_across) {
      add(R"(<text class="label" x="{:.1f}" y="{:.1f}">{}</text>)", x_of(tick),
          frame_top + frame_plot_height + 15,
          in_short(std::abs(tick) < 1e-9 * step_across ? 0.0 : tick));
    }
  }

  void add_mark(const Mark& mark) {
    if (!std::isfinite(mark.x) || mark.x < across_.low || mark.x > across_.high) return;
    add(R"(<line class="mark" x1="{0:.1f}" y1="{1:.1f}" x2="{0:.1f}" y2="{2:.1f}">)", x_of(mark.x),
        frame_top, frame_top + frame_plot_height);
    add("<title>{}</title></line>", html_text(mark.name));
  }

  void add_curve(const Curve& curve, const std::vector<std::pair<double, double>>& points) {
    if (!curve.dots) add(R"(<polyline class="{}" points=")", curve.color);
    for (const auto& [x, y] : points) {
      if (!std::isfinite(x) || !std::isfinite(y)) continue;
      if (curve.dots) {
        add(R"(<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3"/>)", curve.color, x_of(x), y_of(y));
      } else {
        add("{:.1f},{:.1f} ", x_of(x), y_of(y));
      }
    }
    if (!curve.dots) add(R"("/>)");
  }

  void add_legend() {
    if (chart_.curves.size() < 2) return;
    double x = frame_left;
    for (const Curve& curve : chart_.curves) {
      add(R"(<rect class="{}" x="{:.1f}" y="4" width="10" height="10"/>)", curve.color, x);
      add(R"(<text class="legend" x="{:.1f}" y="13">{}</text>)", x + 14, html_text(curve.name));
      x += 34 + 6.2 * static_cast<double>(curve.name.size());
    }
  }

  const LineChart& chart_;
  std::vector<std::vector<std::pair<double, double>>> curves_;
  Interval across_, up_;
  std::string out_;
};

}  // namespace

std::vector<std::pair<double, double>> thinned(const std::vector<std::pair<double, double>>& points,
                                               std::size_t most) {
  if (points.size() <= most) return points;
  std::vector<std::pair<double, double>> means;
  for (std::size_t i = 0; i < most; ++i) {
    const std::size_t begin = i * points.size() / most, end = (i + 1) * points.size() / most;
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

std::string svg_of(const LineChart& chart) { return Drawing(chart).svg(); }

}  // namespace switchyard
