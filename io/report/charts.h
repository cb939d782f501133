// Charts as SVG, coloured by the style sheet of the page that they are part of. Texts are escaped.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace switchyard {

struct Curve {
  using Points = std::vector<std::pair<double, double>>;

  std::string name;   // in the legend
  std::string color;  // a class of the style sheet
  Points points;      // by x; those that are not finite are left out
  bool dots = false;  // instead of a line
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

struct Series {
  std::string name;   // in tooltips
  std::string color;  // a class of the style sheet
  std::vector<std::int64_t> counts;
};

// Bars side by side for each label.
struct BarChart {
  std::string title;  // for those who cannot see it
  std::string x_axis;
  std::vector<std::string> labels;
  std::vector<Series> series;  // each with a count for every label
  bool logarithmic = false;    // of counts
};

struct HeatMap {
  std::string title;  // for those who cannot see it
  std::string x_axis;
  std::vector<std::string> columns, rows;       // labels; of columns only the first and the last
  std::vector<std::vector<double>> heat;        // [rows][columns]: 0 pale to 1 full colour
  std::vector<std::vector<std::string>> notes;  // the same: tooltips
};

// A curve of many points is drawn by the means of neighbours.
std::string svg_of(const LineChart& chart);
std::string svg_of(const BarChart& chart);
// A heat outside [0, 1] is taken to the nearer end; one that is not a number is 0.
std::string svg_of(const HeatMap& map);

// At most `max_points` points: each the mean of neighbours.
Curve::Points thinned(const Curve::Points& points, std::size_t max_points);

}  // namespace switchyard
