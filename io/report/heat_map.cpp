#include "io/report/heat_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "io/text/escape.h"

namespace switchyard {
namespace {

constexpr double map_width = 1060, map_left = 58, map_right = 10, map_bottom = 40;
constexpr double map_plot_width = map_width - map_left - map_right;
constexpr std::size_t max_row_labels = 24;

double row_height(const HeatMap& map) {
  return std::clamp(320.0 / static_cast<double>(std::max<std::size_t>(map.rows.size(), 1)), 6.0,
                    24.0);
}

std::string cells(const HeatMap& map, std::size_t row, double y) {
  std::string out;
  const std::size_t count = std::min(map.heat[row].size(), map.notes[row].size());
  const double cell = map_plot_width / static_cast<double>(std::max<std::size_t>(count, 1));
  for (std::size_t column = 0; column < count; ++column) {
    const double heat = map.heat[row][column];
    fmt::format_to(std::back_inserter(out),
                   R"(<rect class="heat" x="{:.1f}" y="{:.1f}" width="{:.2f}" height="{:.1f}" )"
                   R"(fill-opacity="{:.2f}"><title>{}</title></rect>)",
                   map_left + cell * static_cast<double>(column), y, cell, row_height(map) - 1,
                   std::isfinite(heat) ? std::clamp(heat, 0.0, 1.0) : 0.0,
                   html_text(map.notes[row][column]));
  }
  return out;
}

}  // namespace

std::string svg_of(const HeatMap& map) {
  const std::size_t num_rows = std::min({map.rows.size(), map.heat.size(), map.notes.size()});
  const double tall = row_height(map), height = tall * static_cast<double>(num_rows) + map_bottom;
  std::string out =
      fmt::format(R"(<svg class="broad" viewBox="0 0 {} {:.1f}" role="img"><title>{}</title>)",
                  map_width, height, html_text(map.title));
  const std::size_t every = (num_rows + max_row_labels - 1) / max_row_labels;
  for (std::size_t row = 0; row < num_rows; ++row) {
    const double y = tall * static_cast<double>(row);
    out += cells(map, row, y);
    if (row % std::max<std::size_t>(every, 1) != 0) continue;
    out += fmt::format(R"(<text class="tick" x="{:.1f}" y="{:.1f}">{}</text>)", map_left - 6,
                       y + tall / 2 + 4, html_text(map.rows[row]));
  }
  const auto below = [&](double x, double y, const char* kind, const std::string& text) {
    out += fmt::format(R"(<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>)", kind, x, y,
                       html_text(text));
  };
  if (!map.columns.empty()) {
    below(map_left, height - map_bottom + 15, "legend", map.columns.front());
    below(map_width - map_right, height - map_bottom + 15, "tick", map.columns.back());
  }
  below(map_left + map_plot_width / 2, height - 6, "axis", map.x_axis);
  return out + "</svg>";
}

}  // namespace switchyard
