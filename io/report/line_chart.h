// Line charts as SVG, coloured by the style sheet of the page they stand in.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace switchyard {

struct Curve {
  std::string name;                               // in the legend
  std::string color;                              // a class of the style sheet
  std::vector<std::pair<double, double>> points;  // by x; those that are not finite are left out
  bool dots = false;                              // in place of a line
};

// Something that happened at one x, as a vertical line.
struct Mark {
  double x = 0.0;
  std::string name;  // in a tooltip
};

struct LineChart {
  std::string title;  // for those who cannot see it
  std::string x_axis;
  std::vector<Curve> curves;
  std::vector<Mark> marks;
  bool from_zero = false;  // y begins at 0
};

// Texts are escaped. A curve of many points is drawn by the means of as many as can be told apart.
std::string svg_of(const LineChart& chart);

// At most `most` points: each the mean of neighbours.
std::vector<std::pair<double, double>> thinned(const std::vector<std::pair<double, double>>& points,
                                               std::size_t most);

}  // namespace switchyard
