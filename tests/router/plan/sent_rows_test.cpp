#include "router/plan/sent_rows.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace sent_rows_test {

TEST(SentRows, RowsAreCountedByHowFarTheyGo) {
  Plan plan;
  plan.send = {1, 10, 100, 1000};
  SentRows sum{1, 1, 1};
  add_sent_rows(plan, {0, 0, 1, 1}, 1, sum);
  EXPECT_EQ(sum.own_rank, 1 + 10);
  EXPECT_EQ(sum.own_node, 1 + 1);
  EXPECT_EQ(sum.other_nodes, 1 + 1100);
}

}  // namespace sent_rows_test
}  // namespace switchyard
