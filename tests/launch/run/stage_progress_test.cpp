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

// What stages of `total` bytes leave on stderr, each from 0 over 11 % to its end.
std::string shown_of(const std::vector<const char*>& stages, bool terminal) {
  testing::internal::CaptureStderr();
  StageProgress progress(terminal);
  for (const char* stage : stages) {
    for (const std::int64_t done : {0, 11, 100, 100}) progress.report({stage, "B", done, 100});
  }
  progress.end();
  return testing::internal::GetCapturedStderr();
}

TEST(StageProgress, EveryStageEndsFull) {
  const std::string full = " [===================>] 100 B of 100 B";
  EXPECT_EQ(shown_of({"read", "write"}, false),
            "read        " + full + "\nwrite       " + full + "\n");
  const std::string drawn = shown_of({"read"}, true);
  EXPECT_TRUE(drawn.ends_with("read        " + full + "\x1b[K\n")) << drawn;
}

TEST(StageProgress, EndHasNoTimeLeft) {
  EXPECT_EQ(stage_line({"order", "documents", 10, 10}, 5.0),
            "order        [===================>] 10 documents of 10 documents  2 documents/s");
}

}  // namespace stage_progress_test
}  // namespace switchyard
