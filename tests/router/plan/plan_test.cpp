#include "router/plan/plan.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/rank_test.h"
#include "tests/router/hand_routing.h"

namespace switchyard {
namespace plan_test {

struct Planned {
  Stream stream = Stream::cpu(1);
  Arena arena;
  Plan plan;

  Planned(const HandRouting& hand, int num_experts)
      : plan(make_plan(hand.routing, Placement(num_experts, test_world().size()), test_world(),
                       arena, stream)) {}
};

TEST(Plan, SlotsAreSortedByExpertThenTokenThenChoice) {
  const HandRouting hand({2, 0, 0, 1, 2, 1}, 2, 4);
  const Planned planned(hand, 4);
  const auto* token = planned.plan.token_of_slot.as<std::int32_t>();
  EXPECT_EQ(std::vector<std::int32_t>(token, token + 6),
            (std::vector<std::int32_t>{0, 1, 1, 2, 0, 2}));
  const auto* slot = planned.plan.slot_of_choice.as<std::int32_t>();
  EXPECT_EQ(std::vector<std::int32_t>(slot, slot + 6),
            (std::vector<std::int32_t>{4, 0, 1, 2, 5, 3}));
}

TEST(Plan, DroppedChoicesHaveNoSlot) {
  HandRouting hand({2, 0, 0, 1, 2, 1}, 2, 4);
  hand.drop(1);
  hand.drop(4);
  const Planned planned(hand, 4);
  EXPECT_EQ(planned.plan.num_slots, 4);
  const auto* slot = planned.plan.slot_of_choice.as<std::int32_t>();
  EXPECT_EQ(std::vector<std::int32_t>(slot, slot + 6),
            (std::vector<std::int32_t>{3, -1, 0, 1, -1, 2}));
  const auto* token = planned.plan.token_of_slot.as<std::int32_t>();
  EXPECT_EQ(std::vector<std::int32_t>(token, token + 4), (std::vector<std::int32_t>{1, 1, 2, 0}));
  const std::int64_t sent =
      std::accumulate(planned.plan.send.begin(), planned.plan.send.end(), std::int64_t{0});
  EXPECT_EQ(sent, 4);
}

TEST(Plan, EveryRowIsSentOnceAndReceivedOnce) {
  const HandRouting hand = HandRouting::drawn(40 + test_world().rank(), 7, 3);
  const Planned planned(hand, 7);
  EXPECT_EQ(std::accumulate(planned.plan.send.begin(), planned.plan.send.end(), std::int64_t{0}),
            hand.routing.expert.size());
  const std::int64_t sent = reduce_one(test_world(), planned.plan.num_slots, Reduce::sum);
  EXPECT_EQ(reduce_one(test_world(), planned.plan.num_received, Reduce::sum), sent);
}

TEST(Plan, SegmentsStandInOrderOfExpertThenSourceWithoutGaps) {
  const Planned planned(HandRouting::drawn(50, 6, 5), 6);
  std::int64_t begin = 0;
  int last_slot = 0;
  for (const Segment& segment : planned.plan.segments) {
    EXPECT_EQ(segment.begin, begin);
    EXPECT_GE(segment.slot, last_slot);
    EXPECT_EQ(segment.end(), segment.begin + segment.rows);  // a CPU needs no padding
    begin = segment.end();
    last_slot = segment.slot;
  }
  EXPECT_EQ(begin, planned.plan.num_shard_rows);
}

// Three sequences of a micro-batch, whose index is the source's rank plus 10; every fifth choice
// was dropped.
TEST(Plan, SegmentsSayWhichSequencesTheirRowsBelongTo) {
  HandRouting hand = HandRouting::drawn(30, 6, 2);
  for (int pair = 0; pair < 60; pair += 5) hand.drop(pair);
  Stream stream = Stream::cpu(1);
  Arena arena;
  const int ranks = test_world().size();
  const Plan plan = make_plan(hand.routing, Placement(6, ranks), test_world(), arena, stream,
                              {3, test_world().rank() + 10});
  std::int64_t rows = 0;
  for (std::size_t i = 0; i < plan.segments.size(); ++i) {
    const Segment& segment = plan.segments[i];
    EXPECT_EQ(segment.micro_batch, static_cast<std::int64_t>(i) % ranks + 10);
    ASSERT_EQ(segment.sequences.size(), 3U);
    EXPECT_EQ(std::accumulate(segment.sequences.begin(), segment.sequences.end(), std::int64_t{0}),
              segment.rows);
    rows += segment.rows;
  }
  EXPECT_EQ(rows, plan.num_received);
  EXPECT_EQ(reduce_one(test_world(), rows, Reduce::sum), 48 * ranks);
}

TEST(Plan, EmptyExpertGetsNoRows) {
  std::vector<std::int32_t> all_to_one(32, 0);
  const Planned planned(HandRouting(all_to_one, 1, 5), 5);
  for (const Segment& segment : planned.plan.segments) {
    const int expert =
        Placement(5, test_world().size()).first_replica(test_world().rank()) + segment.slot;
    EXPECT_EQ(segment.rows, expert == 0 ? 32 : 0);
  }
}

TEST(Plan, RankWithoutTokensTakesPart) {
  const bool idle = test_world().rank() == test_world().size() - 1;
  const Planned planned(HandRouting::drawn(idle ? 0 : 24, 4, 7), 4);
  EXPECT_EQ(planned.plan.num_slots, idle ? 0 : 48);
  const std::int64_t received = reduce_one(test_world(), planned.plan.num_received, Reduce::sum);
  EXPECT_EQ(received, 48 * (test_world().size() - 1));
}

}  // namespace plan_test
}  // namespace switchyard
