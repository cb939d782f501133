#include "train/islands/island_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace switchyard {
namespace {

constexpr double far = 3.0;  // times the median distance of the others

// Of the sound islands besides `island`; nothing of fewer than two.
std::optional<double> median_distance(const IslandReport& report, std::size_t island) {
  std::vector<double> others;
  for (std::size_t i = 0; i < report.islands.size(); ++i)
    if (i != island && report.islands[i].not_finite == 0)
      others.push_back(report.islands[i].distance);
  if (others.size() < 2) return std::nullopt;
  std::sort(others.begin(), others.end());
  return others[(others.size() - 1) / 2];
}

bool is_far(const IslandReport& report, std::size_t island) {
  const std::optional<double> median = median_distance(report, island);
  return median && report.islands[island].distance > far * *median;
}

}  // namespace

std::vector<int> drifting_islands(const IslandReport& report) {
  std::vector<int> drifting;
  for (std::size_t i = 0; i < report.islands.size(); ++i)
    if (report.islands[i].not_finite > 0 || is_far(report, i))
      drifting.push_back(static_cast<int>(i));
  return drifting;
}

std::string drift_in_words(const IslandReport& report) {
  std::string words;
  for (const int island : drifting_islands(report)) {
    const auto index = static_cast<std::size_t>(island);
    const IslandFigures& figures = report.islands[index];
    if (!words.empty()) words += "; ";
    words += figures.not_finite > 0
                 ? fmt::format("island {} sent {} weights that are not finite, which were left out",
                               island, figures.not_finite)
                 : fmt::format(
                       "island {} drifts: it is {:.4g} from what the islands agreed on, and "
                       "the median of the others is {:.4g}",
                       island, figures.distance, median_distance(report, index).value_or(0.0));
  }
  return words;
}

}  // namespace switchyard
