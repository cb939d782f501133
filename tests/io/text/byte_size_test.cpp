#include "io/text/byte_size.h"

#include <gtest/gtest.h>

#include "runtime/error.h"

namespace switchyard {
namespace byte_size_test {

TEST(ByteSize, UnitsArePowersOfTwoOrTen) {
  EXPECT_EQ(parse_byte_size("512", "--memory"), 512);
  EXPECT_EQ(parse_byte_size("2GiB", "--memory"), std::int64_t{2} << 30);
  EXPECT_EQ(parse_byte_size("1.5 GB", "--memory"), 1500000000);
}

TEST(ByteSize, AnythingElseIsAnErrorThatNamesTheOption) {
  for (const char* text : {"", "GiB", "1XB", "-1", "1e99", "nan", "1 GiB more"}) {
    try {
      parse_byte_size(text, "--memory");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::usage);
      EXPECT_NE(std::string(error.what()).find("--memory"), std::string::npos);
    }
  }
}

TEST(BytesInWords, HaveThreeDigits) {
  EXPECT_EQ(bytes_in_words(1023), "1023 B");
  EXPECT_EQ(bytes_in_words(1024), "1.00 KiB");
  EXPECT_EQ(bytes_in_words(12'345'678), "11.8 MiB");
  EXPECT_EQ(bytes_in_words((1 << 20) - 100), "1.00 MiB");
  EXPECT_EQ(bytes_in_words(123'456'789'012), "115 GiB");
  EXPECT_EQ(bytes_in_words(std::int64_t{1} << 60), "1024 PiB");
}

}  // namespace byte_size_test
}  // namespace switchyard
