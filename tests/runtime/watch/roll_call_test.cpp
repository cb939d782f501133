#include "runtime/watch/roll_call.h"

#include <gtest/gtest.h>

#include <cstring>

namespace switchyard {
namespace roll_call_test {

using namespace std::chrono_literals;

constexpr RollCall::Limits limits{.peer_timeout = 5.0, .step_timeout = 20.0};

Heartbeat beat(int rank, std::int64_t step, std::int64_t collectives = 0) {
  Heartbeat beat;
  beat.rank = rank;
  beat.phase = Phase::step;
  beat.step = step;
  beat.collectives = collectives;
  std::strcpy(beat.host.data(), rank == 0 ? "node0" : "node1");
  return beat;
}

struct RollCallTest : testing::Test {
  RollCall::Time start{};
  RollCall roll{3, limits, start};

  void hear_all(RollCall::Time now, std::int64_t step) {
    for (int rank = 0; rank < 3; ++rank) roll.heard(beat(rank, step), now);
  }
  bool says(RollCall::Time now, const char* text) {
    const auto verdict = roll.verdict(now);
    return verdict && verdict->text.find(text) != std::string::npos;
  }
};

TEST_F(RollCallTest, BeatingRanksAreWell) {
  for (int second = 0; second < 100; ++second) hear_all(start + second * 1s, second);
  EXPECT_FALSE(roll.verdict(start + 100s).has_value());
}

TEST_F(RollCallTest, ClosedConnectionIsADeadRank) {
  hear_all(start, 1);
  roll.lost(2);
  EXPECT_TRUE(says(start + 1ms, "rank 2 on node1 died"));
  EXPECT_EQ(roll.verdict(start + 1ms)->suspect, 2);
}

TEST_F(RollCallTest, RankThatLeftIsNotMissed) {
  hear_all(start, 1);
  Heartbeat farewell = beat(2, 1);
  farewell.kind = Heartbeat::Kind::farewell;
  roll.heard(farewell, start);
  roll.lost(2);
  roll.heard(beat(0, 2), start + 60s);
  roll.heard(beat(1, 2), start + 60s);
  EXPECT_FALSE(roll.verdict(start + 60s).has_value());
}

TEST_F(RollCallTest, SilenceBeyondTheLimitIsNamed) {
  hear_all(start, 1);
  roll.heard(beat(0, 1), start + 5s);
  roll.heard(beat(2, 1), start + 5s);
  EXPECT_FALSE(roll.verdict(start + 5s).has_value());
  EXPECT_TRUE(says(start + 6s, "rank 1 on node1 has been silent for 6 s"));
}

TEST_F(RollCallTest, BeatingRanksWithoutAStepAreStuck) {
  for (int second = 0; second <= 20; ++second) hear_all(start + second * 1s, 7);
  EXPECT_FALSE(roll.verdict(start + 20s).has_value());
  hear_all(start + 21s, 7);
  EXPECT_TRUE(says(start + 21s, "no step has ended for 20 s"));
}

TEST_F(RollCallTest, SaveMayTakeAsLongAsItLikes) {
  for (int second = 0; second < 100; ++second) {
    for (int rank = 0; rank < 3; ++rank) {
      Heartbeat saving = beat(rank, 7);
      saving.phase = Phase::save;
      roll.heard(saving, start + second * 1s);
    }
  }
  EXPECT_FALSE(roll.verdict(start + 100s).has_value());
}

TEST_F(RollCallTest, ReportMarksTheRankTheOthersWaitFor) {
  roll.heard(beat(0, 7, 30), start);
  roll.heard(beat(1, 7, 30), start);
  roll.heard(beat(2, 7, 29), start);
  roll.lost(0);
  const std::string report = roll.verdict(start).value().text;
  const std::size_t marked = report.find("<- behind");
  ASSERT_NE(marked, std::string::npos);
  EXPECT_GT(marked, report.find("rank    2"));
  EXPECT_EQ(report.find("<- behind", marked + 1), std::string::npos);
}

TEST_F(RollCallTest, TheRankBehindIsTheSuspectOfAStepThatNeverEnds) {
  for (int second = 0; second <= 21; ++second) {
    for (int rank = 0; rank < 3; ++rank) {
      roll.heard(beat(rank, 7, rank == 1 ? 29 : 30), start + second * 1s);
    }
  }
  EXPECT_EQ(roll.verdict(start + 21s)->suspect, 1);
}

TEST_F(RollCallTest, StragglerIsNamedOnceAfterTwoWindows) {
  std::vector<std::string> lines;
  for (int second = 0; second <= 60; ++second) {
    for (int rank = 0; rank < 3; ++rank) {
      Heartbeat now = beat(rank, 5 * second);
      now.waited = second * (rank == 1 ? 100'000'000LL : 500'000'000LL);
      roll.heard(now, start + second * 1s);
    }
    for (const std::string& line : roll.stragglers(start + second * 1s)) lines.push_back(line);
  }
  ASSERT_EQ(lines.size(), 1);
  EXPECT_EQ(lines[0], "rank 1 on node1 is slow: it computes 180 ms a step, the median rank 100 ms");
}

}  // namespace roll_call_test
}  // namespace switchyard
