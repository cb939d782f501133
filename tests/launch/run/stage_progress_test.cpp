#include "launch/run/stage_progress.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace stage_progress_test {

TEST(StageProgress, SaysHowFarHowFastAndHowLong) {
  EXPECT_EQ(stage_line({"write", "B", 1 << 20, 4 << 20}, 2.0),
            "write        [====>               ] 1.00 MiB of 4.00 MiB  524 kB/s  6s left");
}

TEST(StageProgress, WithoutATotalThereIsNoBar) {
  EXPECT_EQ(stage_line({"compare", "documents removed", 7, 0}, 2.0),
            "compare      7 documents removed");
}

TEST(StageProgress, EndHasNoTimeLeft) {
  EXPECT_EQ(stage_line({"order", "documents", 10, 10}, 5.0),
            "order        [===================>] 10 documents of 10 documents  2 documents/s");
}

}  // namespace stage_progress_test
}  // namespace switchyard
