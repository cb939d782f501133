#include "io/prepare/input/tally.h"

#include <gtest/gtest.h>

namespace switchyard::prepare {
namespace tally_test {

using nlohmann::json;

TEST(Tally, ObjectsListsAndNumbersAddUp) {
  json sum = {{"a", 1}, {"list", {1, 2}}};
  add_tally(sum, {{"a", 2}, {"b", {{"c", 3}}}, {"list", {10, 20, 30}}});
  EXPECT_EQ(sum, json({{"a", 3}, {"b", {{"c", 3}}}, {"list", {11, 22, 30}}}));
}

TEST(Tally, ExamplesAreTheFirstByHashInAnyOrder) {
  json parts[3], forwards, backwards;
  for (std::uint64_t i = 0; i < 12; ++i) {
    add_example(parts[i % 3], {100 - i, 0}, {{"id", std::to_string(i)}});
  }
  for (int i = 0; i < 3; ++i) {
    add_tally(forwards, parts[i]);
    add_tally(backwards, parts[2 - i]);
  }
  EXPECT_EQ(forwards, backwards);
  ASSERT_EQ(forwards["examples"].size(), num_examples);
  EXPECT_EQ(forwards["examples"][0]["id"], "11");
}

TEST(Tally, CountsStartAtZero) {
  json tally;
  count_up(tally, "seen");
  count_up(tally, "seen", 4);
  EXPECT_EQ(tally["seen"], 5);
}

}  // namespace tally_test
}  // namespace switchyard::prepare
