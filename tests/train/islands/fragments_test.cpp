#include "train/islands/fragments.h"

#include <gtest/gtest.h>

#include "train/islands/island_report.h"

namespace switchyard {
namespace fragments_test {

TEST(Fragments, StrideThroughTheLayers) {
  EXPECT_EQ(fragment_of("layer0.attention.q", 3), 0);
  EXPECT_EQ(fragment_of("layer4.expert2.up", 3), 1);
  EXPECT_EQ(fragment_of("layer5.bias", 3), 2);
  EXPECT_EQ(fragment_of("embedding", 3), 2);
  EXPECT_EQ(fragment_of("embedding", 1), 0);
}

TEST(Fragments, AreSentInTurns) {
  const IslandsConfig config{.sync_every = 10, .fragments = 3};
  std::string sent;
  for (std::int64_t done = 1; done <= 20; ++done)
    if (const auto fragment = sent_after(config, done))
      sent += std::to_string(done) + ":" + std::to_string(*fragment) + " ";
  EXPECT_EQ(sent, "3:1 6:2 10:0 13:1 16:2 20:0 ");
}

TEST(Fragments, PartsAreWholeBlocksAndCoverAll) {
  const Fragment fragment{{}, 7 * payload_block};
  std::int64_t end = 0;
  for (int index = 0; index < 3; ++index) {
    const ElementRange part = fragment.part(index, 3);
    EXPECT_EQ(part.begin, end);
    EXPECT_EQ(part.size() % payload_block, 0);
    end = part.end;
  }
  EXPECT_EQ(end, fragment.size);
}

IslandReport report_of(std::vector<double> distances) {
  IslandReport report{.steps_done = 100};
  for (const double distance : distances) report.islands.push_back({.distance = distance});
  return report;
}

TEST(IslandReport, NamesTheIslandThatDrifts) {
  EXPECT_EQ(drift_in_words(report_of({1.0, 1.1, 0.9})), "");
  EXPECT_EQ(
      drift_in_words(report_of({1.0, 5.0, 0.9})),
      "island 1 drifts: it is 5 from what the islands agreed on, and the median of the others "
      "is 0.9");
  IslandReport broken = report_of({1.0, 1.0, 1.0, 1.0});
  broken.islands[3].not_finite = 12;
  EXPECT_EQ(drift_in_words(broken),
            "island 3 sent 12 weights that are not finite, which were left out");
  EXPECT_EQ(drifting_islands(broken), std::vector<int>{3});
  broken.islands[3].distance = 0.0;  // nothing of it was compared
  EXPECT_EQ(drifting_islands(broken), std::vector<int>{3});
}

// Two islands are as far from their mean as each other: nobody can say which one it is.
TEST(IslandReport, TwoIslandsDoNotSayWhichDrifts) {
  EXPECT_EQ(drift_in_words(report_of({9.0, 1.0})), "");
}

}  // namespace fragments_test
}  // namespace switchyard
