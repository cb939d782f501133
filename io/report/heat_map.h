// Heat maps as SVG, coloured by the style sheet of the page they stand in.
#pragma once

#include <string>
#include <vector>

namespace switchyard {

struct HeatMap {
  std::string title;  // for those who cannot see it
  std::string x_axis;
  std::vector<std::string> columns, rows;       // labels; of columns only the first and the last
  std::vector<std::vector<double>> heat;        // [rows][columns]: 0 pale to 1 full colour
  std::vector<std::vector<std::string>> notes;  // the same: tooltips
};

// Texts are escaped; a heat outside [0, 1] is taken to the nearer end, one that is no number is 0.
std::string svg_of(const HeatMap& map);

}  // namespace switchyard
