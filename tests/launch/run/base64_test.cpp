#include "launch/run/base64.h"

#include <gtest/gtest.h>

#include "runtime/error.h"

namespace switchyard {
namespace base64_test {

TEST(Base64, MatchesTheExamplesOfRfc4648) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foo"), "Zm9v");
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
}

TEST(Base64, AllBytesComeBack) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    bytes += static_cast<char>(i * 7);
  }
}

TEST(Base64, OtherTextIsAnError) {
  EXPECT_THROW(from_base64("Zg="), Error);
  EXPECT_THROW(from_base64("Z g="), Error);
  EXPECT_THROW(from_base64("===="), Error);
}

}  // namespace base64_test
}  // namespace switchyard
