#include "io/report/report_values.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace report_values_test {

using nlohmann::json;

TEST(ReportValues, AreNothingWhereThereIsNothing) {
  for (const json& value : {json(), json(7), json::object(), json{{"a", nullptr}}}) {
    EXPECT_TRUE(part_at(value, "a").empty());
    EXPECT_EQ(integer_at(value, "a"), 0);
    EXPECT_EQ(number_at(value, "a"), 0.0);
    EXPECT_EQ(text_at(value, "a"), "");
  }
}

TEST(ReportValues, OfAnotherTypeAreNothing) {
  const json value = {{"a", "text"}, {"b", 1.5}};
  EXPECT_EQ(integer_at(value, "a"), 0);
  EXPECT_EQ(integer_at(value, "b"), 0);
  EXPECT_EQ(text_at(value, "b"), "");
  EXPECT_TRUE(integers_of(value).empty());
}

TEST(WithCommas, GroupsDigitsByThree) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(1234567), "1,234,567");
  EXPECT_EQ(with_commas(-123456), "-123,456");
}

TEST(ShareInWords, NeverRoundsSomethingToNothingOrAll) {
  EXPECT_EQ(share_in_words(1, 8), "12.5 %");
  EXPECT_EQ(share_in_words(0, 8), "0.0 %");
  EXPECT_EQ(share_in_words(1, 1'000'000), "< 0.1 %");
  EXPECT_EQ(share_in_words(999'999, 1'000'000), "> 99.9 %");
  EXPECT_EQ(share_in_words(8, 8), "100.0 %");
  EXPECT_EQ(share_in_words(0, 0), "-");
}

TEST(ValueInWords, IsReadable) {
  EXPECT_EQ(value_in_words(json{{"kind", "bytes"}, {"ids", {1, 2}}}), "ids 1, 2, kind bytes");
  EXPECT_EQ(value_in_words(json(0.05)), "0.05");
}

}  // namespace report_values_test
}  // namespace switchyard
