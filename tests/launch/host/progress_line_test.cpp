#include "launch/host/progress_line.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace progress_line_test {

// What the given code writes to stderr.
template <class Body>
std::string printed_by(Body body) {
  testing::internal::CaptureStderr();
  body();
  return testing::internal::GetCapturedStderr();
}

TEST(ProgressLine, ATerminalsLineIsRedrawnAndEndedOnce) {
  EXPECT_EQ(printed_by([] {
              ProgressLine line(true);
              line.show("1 of 2");
              line.show("2 of 2");
              line.end();
            }),
            "\r1 of 2\x1b[K\r2 of 2\x1b[K\n");
}

TEST(ProgressLine, ElsewhereEveryLineIsWhole) {
  EXPECT_EQ(printed_by([] {
              ProgressLine line(false);
              line.show("1 of 2");
              line.erase();
              line.show("2 of 2");
            }),
            "1 of 2\n2 of 2\n");
}

TEST(ProgressLine, WhatIsErasedLeavesNoEmptyLine) {
  EXPECT_EQ(printed_by([] {
              ProgressLine line(true);
              line.show("1 of 2");
              line.erase();
            }),
            "\r1 of 2\x1b[K\r\x1b[K");
}

TEST(ProgressLine, NothingIsDueRightAfterALine) {
  printed_by([] {
    ProgressLine line(true);
    EXPECT_FALSE(line.due());
    line.show("1 of 2");
    EXPECT_FALSE(line.due());
    line.erase();
    EXPECT_TRUE(line.due());
  });
}

TEST(ProgressBar, FillsWithWhatIsDone) {
  EXPECT_EQ(progress_bar(0, 100), "                    ");
  EXPECT_EQ(progress_bar(50, 100), "=========>          ");
  EXPECT_EQ(progress_bar(0, 0), "                    ");
}

}  // namespace progress_line_test
}  // namespace switchyard
