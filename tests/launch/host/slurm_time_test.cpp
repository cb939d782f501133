#include "launch/host/slurm_time.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace slurm_time_test {

TEST(SecondsOfLimit, EachFormOfSlurm) {
  EXPECT_EQ(seconds_of_limit("90"), 90 * 60);
  EXPECT_EQ(seconds_of_limit("10:30"), 630);
  EXPECT_EQ(seconds_of_limit("12:00:00"), 12 * 3600);
  EXPECT_EQ(seconds_of_limit("2-3"), 51 * 3600);
  EXPECT_EQ(seconds_of_limit("2-3:30"), 51 * 3600 + 1800);
  EXPECT_EQ(seconds_of_limit("1-00:00:05"), 86405);
}

TEST(SecondsOfLimit, NothingElse) {
  for (const char* text : {"", "soon", "UNLIMITED", "1:2:3:4", "-5", "1-", "1:-2", "99999999999"}) {
    EXPECT_FALSE(seconds_of_limit(text)) << text;
  }
}

TEST(IsNoLimit, TheWordsOfSlurm) {
  for (const char* text : {"UNLIMITED", "infinite"}) EXPECT_TRUE(is_no_limit(text)) << text;
  for (const char* text : {"", "12h", "soon"}) EXPECT_FALSE(is_no_limit(text)) << text;
}

}  // namespace slurm_time_test
}  // namespace switchyard
