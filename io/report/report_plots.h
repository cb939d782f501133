// Report plots: bar charts as SVG, coloured by the style sheet of the page they stand in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace switchyard {

struct Series {
  std::string name;   // in tooltips
  std::string color;  // a class of the style sheet
  std::vector<std::int64_t> counts;
};

// Bars side by side for each label. Labels and names are escaped.
struct BarChart {
  std::string title;  // for those who cannot see it
  std::string x_axis;
  std::vector<std::string> labels;
  std::vector<Series> series;  // each with a count for every label
  bool logarithmic = false;    // of counts
};

std::string svg_of(const BarChart& chart);

}  // namespace switchyard
