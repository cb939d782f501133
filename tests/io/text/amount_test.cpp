#include "io/text/amount.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace amount_test {

TEST(AmountInWords, HasThreeDigitsAndAPrefix) {
  EXPECT_EQ(amount_in_words(45), "45");
  EXPECT_EQ(amount_in_words(53'400), "53.4 k");
  EXPECT_EQ(amount_in_words(999'600), "1.00 M");
  EXPECT_EQ(amount_in_words(9.21e10, "FLOP/s"), "92.1 GFLOP/s");
  EXPECT_EQ(amount_in_words(2.5, "B/s"), "2.50 B/s");
}

TEST(DurationInWords, HasTwoUnits) {
  EXPECT_EQ(duration_in_words(12), "12s");
  EXPECT_EQ(duration_in_words(223), "3m43s");
  EXPECT_EQ(duration_in_words(3725), "1h02m");
  EXPECT_EQ(duration_in_words(86400 + 7200), "26h00m");
  EXPECT_EQ(duration_in_words(3 * 86400 + 4 * 3600), "3d04h");
}

}  // namespace amount_test
}  // namespace switchyard
