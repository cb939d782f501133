#include "io/report/charts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace switchyard {
namespace charts_test {

using testing::HasSubstr;
using testing::Not;

std::int64_t occurrences(const std::string& text, const std::string& part) {
  std::int64_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(LineChart, SpansItsFrame) {
  const std::string svg =
      svg_of(LineChart{"t", "x", {{"a", "kept", {{0, 0}, {10, 5}}, false}}, {}, false});
  EXPECT_THAT(svg, HasSubstr("points=\"58.0,190.0 510.0,24.0 \"")) << svg;
}

TEST(LineChart, BeginsAtZeroWhenAsked) {
  const std::string svg =
      svg_of(LineChart{"t", "x", {{"a", "kept", {{0, 5}, {10, 10}}, false}}, {}, true});
  EXPECT_THAT(svg, HasSubstr("points=\"58.0,107.0 510.0,24.0 \"")) << svg;
}

TEST(LineChart, ReachesToItsMarks) {
  const std::string svg =
      svg_of(LineChart{"t", "x", {{"a", "kept", {{5, 0}, {10, 5}}, false}}, {{0, "m"}}, false});
  EXPECT_THAT(svg, HasSubstr("points=\"284.0,190.0 510.0,24.0 \"")) << svg;
}

TEST(LineChart, LeavesOutWhatIsNotFinite) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinite = std::numeric_limits<double>::infinity();
  const std::string svg =
      svg_of(LineChart{"t",
                       "x",
                       {{"a", "kept", {{0, 1}, {1, nan}, {2, infinite}, {3, 2}}, false}},
                       {{nan, "m"}},
                       false});
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

TEST(LineChart, BearsOnePointAndNone) {
  for (const double value : {0.0, 5.0, -5.0, 1e300, 1e-300}) {
    EXPECT_THAT(svg_of(LineChart{"t", "x", {{"a", "kept", {{value, value}}, false}}, {}, false}),
                HasSubstr("polyline"));
  }
  EXPECT_THAT(svg_of(LineChart{}), HasSubstr("</svg>"));
}

TEST(LineChart, ManyPointsBecomeMeansOfNeighbours) {
  Curve::Points points;
  for (int i = 0; i < 10; ++i) points.emplace_back(i, 10 * i);
  EXPECT_EQ(thinned(points, 5),
            (Curve::Points{{0.5, 5}, {2.5, 25}, {4.5, 45}, {6.5, 65}, {8.5, 85}}));
  EXPECT_EQ(thinned(points, 10), points);
}

TEST(LineChart, EscapesItsTexts) {
  const std::string svg =
      svg_of(LineChart{"<t>",
                       "<x>",
                       {{"<a>", "kept", {{0, 1}, {1, 2}}, false}, {"b", "gone", {}, true}},
                       {{0.5, "<m>"}},
                       false});
  for (const char* text : {"<t>", "<x>", "<a>", "<m>"}) EXPECT_THAT(svg, Not(HasSubstr(text)));
  EXPECT_THAT(svg, HasSubstr("&lt;m&gt;"));
}

TEST(BarChart, HasABarForEachCount) {
  const BarChart chart{"t", "x", {"a", "b", "c"}, {{"s", "kept", {1, 0, 3}}}, false};
  const std::string svg = svg_of(chart);
  EXPECT_EQ(occurrences(svg, "<rect "), 2);
  EXPECT_THAT(svg, HasSubstr("c, s: 3"));
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

TEST(BarChart, CountsHaveWholeTicks) {
  const BarChart chart{"t", "x", {"a"}, {{"s", "kept", {1}}}, false};
  EXPECT_THAT(svg_of(chart), Not(HasSubstr(">0.5<")));
  EXPECT_THAT(svg_of(BarChart{"t", "x", {"a"}, {{"s", "kept", {9000}}}, false}),
              HasSubstr(">8,000<"));
}

TEST(HeatMap, HasACellForEachNoteInItsHeat) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const HeatMap map{"t",
                    "<x>",
                    {"0", "9"},
                    {"layer 1", "<2>"},
                    {{0.0, 0.5}, {nan, 7.0}},
                    {{"<n>", "b"}, {"c", "d"}}};
  const std::string svg = svg_of(map);
  EXPECT_EQ(occurrences(svg, "<rect class=\"heat\""), 4);
  EXPECT_EQ(occurrences(svg, "fill-opacity=\"0.00\""), 2);
  EXPECT_EQ(occurrences(svg, "fill-opacity=\"0.50\""), 1);
  EXPECT_EQ(occurrences(svg, "fill-opacity=\"1.00\""), 1);
  EXPECT_THAT(svg, HasSubstr(">layer 1<"));
  for (const char* text : {"<x>", "<2>", "<n>"}) EXPECT_THAT(svg, Not(HasSubstr(text)));
  EXPECT_THAT(svg_of(HeatMap{}), HasSubstr("</svg>"));
}

}  // namespace charts_test
}  // namespace switchyard
