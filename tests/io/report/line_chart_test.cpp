#include "io/report/line_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace switchyard {
namespace line_chart_test {

using testing::HasSubstr;
using testing::Not;

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
  std::vector<std::pair<double, double>> points;
  for (int i = 0; i < 10; ++i) points.emplace_back(i, 10 * i);
  EXPECT_EQ(thinned(points, 5), (std::vector<std::pair<double, double>>{
                                    {0.5, 5}, {2.5, 25}, {4.5, 45}, {6.5, 65}, {8.5, 85}}));
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

}  // namespace line_chart_test
}  // namespace switchyard
