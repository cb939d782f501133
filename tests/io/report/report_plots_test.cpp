#include "io/report/report_plots.h"

#include <gtest/gtest.h>

#include <limits>

namespace switchyard {
namespace report_plots_test {

std::int64_t occurrences(const std::string& text, const std::string& part) {
  std::int64_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(BarChart, HasABarForEachCount) {
  const BarChart chart{"t", "x", {"a", "b", "c"}, {{"s", "kept", {1, 0, 3}}}, false};
  const std::string svg = svg_of(chart);
  EXPECT_EQ(occurrences(svg, "<rect "), 2);
  EXPECT_NE(svg.find("c, s: 3"), std::string::npos);
}

TEST(BarChart, LongestBarFillsThePlotAndHalfOfItHalf) {
  const BarChart chart{"t", "x", {"a", "b"}, {{"s", "kept", {500, 1000}}}, false};
  const std::string svg = svg_of(chart);
  EXPECT_NE(svg.find("height=\"176.0\""), std::string::npos) << svg;
  EXPECT_NE(svg.find("height=\"88.0\""), std::string::npos) << svg;
}

TEST(BarChart, SmallCountsCanBeSeen) {
  const BarChart chart{"t", "x", {"a", "b"}, {{"s", "kept", {1, 1'000'000'000}}}, false};
  EXPECT_NE(svg_of(chart).find("height=\"1.0\""), std::string::npos);
}

TEST(BarChart, EscapesItsTexts) {
  const BarChart chart{"<t>", "<x>", {"<l>"}, {{"<s>", "kept", {1}}}, false};
  for (const char* text : {"<t>", "<x>", "<l>", "<s>"}) {
    EXPECT_EQ(svg_of(chart).find(text), std::string::npos);
  }
}

TEST(BarChart, BearsAnyCounts) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const bool logarithmic : {false, true}) {
    const BarChart chart{"t", "x", {"a", "b"}, {{"s", "kept", {-most, most}}}, logarithmic};
    EXPECT_EQ(occurrences(svg_of(chart), "<rect "), 1);
    const BarChart uneven{"t", "x", {"a"}, {{"s", "kept", {1, 2, 3}}}, logarithmic};
    EXPECT_EQ(occurrences(svg_of(uneven), "<rect "), 1);
    EXPECT_EQ(occurrences(svg_of(BarChart{"t", "x", {}, {}, logarithmic}), "<rect "), 0);
  }
}

}  // namespace report_plots_test
}  // namespace switchyard
