#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "launch/bench/routing_report.h"

namespace switchyard {
namespace {

constexpr double chart_width = 560, chart_height = 300, left = 60, top = 30, legend = 260;
constexpr const char* colors[] = {"#1b6ca8", "#d1495b", "#3c8d53", "#edae49",
                                  "#7a5195", "#00798c", "#8d6a4f", "#555555"};

struct Line {
  std::vector<std::pair<double, double>> points;  // logical bytes of a rank, GB/s
};

std::string label(double x, double y, const std::string& text, const char* anchor) {
  return fmt::format(
      "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"11\">{}</text>\n", x, y,
      anchor, text);
}

// A chart's frame with marks of both axes, its top at `y`.
std::string frame(double y, const std::string& title, double most) {
  std::string svg = label(left, y - 10, title, "start");
  svg += fmt::format(
      "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#888\"/>\n", left,
      y, chart_width, chart_height);
  for (int i = 0; i <= 4; ++i) {
    svg += label(left - 6, y + chart_height * (4 - i) / 4 + 4, fmt::format("{:.3g}", most * i / 4),
                 "end");
  }
  return svg;
}

std::string key_of(const RoutingResult& r) {
  return fmt::format("{} {} {} {}", r.what.exchange, r.what.workload, r.what.mode,
                     name_of(r.what.payload));
}

std::string bandwidth_chart(const std::vector<RoutingResult>& results, double y) {
  std::map<std::string, Line> lines;
  double least = 1e300, most = 1, highest = 0;
  for (const RoutingResult& r : results) {
    if (r.logical_bytes == 0) continue;
    const double size = static_cast<double>(r.logical_bytes) / r.ranks;
    lines[key_of(r)].points.emplace_back(size, r.algbw());
    least = std::min(least, size);
    most = std::max(most, size);
    highest = std::max(highest, r.algbw());
  }
  if (lines.empty()) return "";
  std::string svg = frame(y, "algbw, GB/s, against logical bytes of a rank (logarithmic)", highest);
  const double span = std::max(1e-9, std::log2(most / least));
  const auto across = [&](double size) {
    return left + chart_width * std::log2(size / least) / span;
  };
  svg += label(left, y + chart_height + 16, fmt::format("{:.3g} MiB", least / (1 << 20)), "start");
  svg += label(left + chart_width, y + chart_height + 16,
               fmt::format("{:.3g} MiB", most / (1 << 20)), "end");
  std::size_t number = 0;
  for (auto& [name, line] : lines) {
    const char* color = colors[number % std::size(colors)];
    std::sort(line.points.begin(), line.points.end());
    std::string path;
    for (const auto& [size, rate] : line.points) {
      const double px = across(size), py = y + chart_height * (1 - rate / highest);
      path += fmt::format("{:.1f},{:.1f} ", px, py);
      svg +=
          fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", px, py, color);
    }
    svg += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\"/>\n", path, color);
    svg += fmt::format(
        "<g fill=\"{}\">{}</g>\n", color,
        label(left + chart_width + 12, y + 12 + 14 * static_cast<double>(number), name, "start"));
    ++number;
  }
  return svg;
}

// Bars of the rows each rank received, workload by workload.
std::string load_chart(const std::vector<RoutingResult>& results, double y) {
  std::map<std::string, std::vector<std::int64_t>> loads;
  std::int64_t most = 1;
  std::size_t ranks = 1;
  for (const RoutingResult& r : results) {
    if (r.load.empty() || !loads.emplace(r.what.workload, r.load).second) continue;
    most = std::max(most, *std::max_element(r.load.begin(), r.load.end()));
    ranks = r.load.size();
  }
  if (loads.empty()) return "";
  std::string svg = frame(y, "rows received, by rank", static_cast<double>(most));
  const double group = chart_width / static_cast<double>(ranks);
  const double bar = 0.8 * group / static_cast<double>(loads.size());
  std::size_t number = 0;
  for (const auto& [workload, load] : loads) {
    const char* color = colors[number % std::size(colors)];
    for (std::size_t rank = 0; rank < load.size(); ++rank) {
      const double tall =
          chart_height * static_cast<double>(load[rank]) / static_cast<double>(most);
      svg += fmt::format(
          "<rect x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:.1f}\" fill=\"{}\"/>\n",
          left + group * (0.1 + static_cast<double>(rank)) + bar * static_cast<double>(number),
          y + chart_height - tall, bar, tall, color);
    }
    svg += fmt::format("<g fill=\"{}\">{}</g>\n", color,
                       label(left + chart_width + 12, y + 12 + 14 * static_cast<double>(number),
                             workload, "start"));
    ++number;
  }
  svg += label(left, y + chart_height + 16, "rank 0", "start");
  return svg +
         label(left + chart_width, y + chart_height + 16, fmt::format("rank {}", ranks - 1), "end");
}

}  // namespace

std::string routing_svg(const std::vector<RoutingResult>& results) {
  const double width = left + chart_width + legend, second = top + chart_height + 60;
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 "
             "{0} {1}\" font-family=\"sans-serif\">\n<rect width=\"{0}\" height=\"{1}\" "
             "fill=\"white\"/>\n",
             width, second + chart_height + 30) +
         bandwidth_chart(results, top) + load_chart(results, second) + "</svg>\n";
}

}  // namespace switchyard
