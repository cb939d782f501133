#include "io/prepare/account/report_figures.h"

#include <gtest/gtest.h>

namespace switchyard::prepare {
namespace report_figures_test {

using nlohmann::json;

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Figures, OfAnEmptyReportAreNone) { EXPECT_EQ(figures_html(json::object()), ""); }

TEST(Figures, ClustersAreCountedByThePowerOfTwoOfTheirSize) {
  const json report = {{"clusters", {{2, 10}, {3, 5}, {4, 7}, {1000, 1}}}};
  const std::string figures = figures_html(report);
  EXPECT_TRUE(holds(figures, "2, clusters: 15"));
  EXPECT_TRUE(holds(figures, "4, clusters: 7"));
  EXPECT_TRUE(holds(figures, "512, clusters: 1"));
  EXPECT_TRUE(holds(figures, "23 documents were kept"));
}

TEST(Figures, LengthsBeginWithTheShortestDocument) {
  const json report = {{"lengths", {{"kept", {0, 0, 0, 80}}, {"removed", {0, 0, 0, 0, 3}}}}};
  const std::string figures = figures_html(report);
  EXPECT_TRUE(holds(figures, "8, kept: 80"));
  EXPECT_TRUE(holds(figures, "16, removed: 3"));
  EXPECT_FALSE(holds(figures, ">4</text>"));
}

TEST(Figures, LengthsBearMoreBinsThanThereAreBits) {
  EXPECT_TRUE(
      holds(figures_html({{"lengths", {{"kept", std::vector<int>(200, 1)}}}}), "4Ei, kept: 1"));
}

TEST(Figures, JaccardBinsAreNamedByTheirLowerEnd) {
  EXPECT_TRUE(holds(figures_html({{"jaccard", {0, 0, 0, 3}}}), "0.75, removed: 3"));
}

}  // namespace report_figures_test
}  // namespace switchyard::prepare
