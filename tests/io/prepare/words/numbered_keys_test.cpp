#include "io/prepare/words/numbered_keys.h"

#include <gtest/gtest.h>

namespace switchyard::prepare {
namespace numbered_keys_test {

TEST(NumberedKeys, NumbersFollowTheOrderOfFirstArrival) {
  NumberedKeys keys;
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_EQ(keys.insert(i << 54), i);
  }
  EXPECT_EQ(keys.size(), 1000);
  EXPECT_EQ(keys.keys()[7], std::uint64_t{7} << 54);
}

TEST(NumberedKeys, EveryKeyCanBeAKey) {
  NumberedKeys keys;
  EXPECT_EQ(keys.find(0), std::nullopt);
  keys.insert(0);
  keys.insert(~std::uint64_t{0});
  EXPECT_EQ(keys.find(0), 0);
  EXPECT_EQ(keys.find(~std::uint64_t{0}), 1);
  EXPECT_EQ(keys.find(1), std::nullopt);
}

TEST(NumberedKeys, ClearedOnesStartAnew) {
  NumberedKeys keys;
  for (std::uint64_t i = 0; i < 100; ++i) keys.insert(i);
  keys.clear();
  EXPECT_EQ(keys.find(5), std::nullopt);
  EXPECT_EQ(keys.insert(5), 0);
}

}  // namespace numbered_keys_test
}  // namespace switchyard::prepare
