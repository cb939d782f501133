// SvgFrame: what all charts are drawn in: a plot between its margins, with a title and an x axis.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <utility>

#include "io/text/escape.h"

namespace switchyard {

struct Margins {
  double left = 0.0, right = 0.0, top = 0.0, bottom = 0.0;
};

class SvgFrame {
 public:
  // title: for those who cannot see the chart. kind: a class of the style sheet, here as below.
  SvgFrame(double width, double height, const Margins& margins, const std::string& title,
           const char* kind = "chart")
      : left(margins.left),
        right(width - margins.right),
        top(margins.top),
        floor(height - margins.bottom),
        height_(height) {
    add(R"(<svg class="{}" viewBox="0 0 {:.1f} {:.1f}" role="img"><title>{}</title>)", kind, width,
        height, html_text(title));
  }

  // Edges of the plot.
  const double left, right, top, floor;
  double plot_width() const { return right - left; }
  double plot_height() const { return floor - top; }

  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }
  void text(const char* kind, double x, double y, const std::string& text) {
    add(R"(<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>)", kind, x, y, html_text(text));
  }
  void line(const char* kind, double x1, double y1, double x2, double y2,
            const std::string& note = "") {
    add(R"(<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}">{}</line>)", kind, x1,
        y1, x2, y2, tooltip(note));
  }
  void rectangle(const std::string& kind, double x, double y, double width, double height,
                 const std::string& note = "", double opacity = 1.0) {
    add(R"(<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.2f}" height="{:.1f}" )"
        R"(fill-opacity="{:.2f}">{}</rect>)",
        kind, x, y, width, height, opacity, tooltip(note));
  }

  // Below the plot and above the name of its axis.
  void x_label(const char* kind, double x, const std::string& label) {
    text(kind, x, floor + 15, label);
  }
  // A line across the plot with a label beside it.
  void y_tick(double y, const std::string& label) {
    line("grid", left, y, right, y);
    text("tick", left - 6, y + 4, label);
  }

  // The whole SVG. To be called once.
  std::string finish(const std::string& x_axis) {
    text("axis", left + plot_width() / 2, height_ - 4, x_axis);
    return std::move(out_) + "</svg>";
  }

 private:
  static std::string tooltip(const std::string& note) {
    return note.empty() ? "" : "<title>" + html_text(note) + "</title>";
  }

  double height_;
  std::string out_;
};

}  // namespace switchyard
