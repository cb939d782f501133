#include "io/report/figure.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace figure_test {

TEST(Track, SharesAreOfTheWhole) {
  const std::string track = track_html({{"kept", 25}, {"gone", 50}}, 100);
  EXPECT_NE(track.find(R"(<i class="kept" style="width:25.00%">)"), std::string::npos);
  EXPECT_NE(track.find(R"(<i class="gone" style="width:50.00%">)"), std::string::npos);
}

TEST(Track, OfNothingIsEmpty) {
  EXPECT_EQ(track_html({{"kept", 0}}, 0), "<div class=\"track\"></div>");
}

}  // namespace figure_test
}  // namespace switchyard
