#include "launch/bench/figures/size_list.h"

#include <gtest/gtest.h>

#include "runtime/error.h"

namespace switchyard::bench {
namespace size_list_test {

using Sizes = std::vector<std::int64_t>;

Sizes sizes(const std::string& text) { return sizes_of(text, 0, 100'000); }

TEST(SizeList, ANumberIsOneSize) {
  EXPECT_EQ(sizes("256"), Sizes{256});
  EXPECT_EQ(sizes("0"), Sizes{0});
}

TEST(SizeList, ARangeEndsAtOrBeforeItsLastNumber) {
  EXPECT_EQ(sizes("256:1024:x2"), (Sizes{256, 512, 1024}));
  EXPECT_EQ(sizes("3:40:x4"), (Sizes{3, 12}));
  EXPECT_EQ(sizes("8:30:+10"), (Sizes{8, 18, 28}));
  EXPECT_EQ(sizes("0:4:x2"), (Sizes{0, 2, 4}));
  EXPECT_EQ(sizes("7:7:x2"), Sizes{7});
}

TEST(SizeList, WhatIsNoListIsRefused) {
  for (const char* text : {"", "many", "1.5", "1:2", "1:2:3", "1:2:x", "1:2:x1", "1:2:+0", "2:1:x2",
                           "-1", "1:100001:x2", "1:2:x2:3", "99999999999999999999",
                           "1:9:x9223372036854775807", "0:100000:+1"})
    EXPECT_THROW(sizes(text), Error) << text;
}

}  // namespace size_list_test
}  // namespace switchyard::bench
