// Figures: how a report frames its plots.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace switchyard {

struct Share {
  const char* color;  // a class of the style sheet
  std::int64_t amount = 0;
};

// A plot with its heading and a line below it, all of them HTML already.
std::string figure_html(const std::string& title, const std::string& plot,
                        const std::string& caption);

// A horizontal bar whose whole length is `whole`.
std::string track_html(const std::vector<Share>& shares, std::int64_t whole);

}  // namespace switchyard
