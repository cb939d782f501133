#include "io/folder/checked_extent.h"

#include <numeric>

#include "tests/io/scratch.h"

namespace switchyard {
namespace checked_extent_test {

// 100,000 values 0, 1, 2, ... from byte 10 of a file on, in chunks of 40,000 bytes.
class Values : public testing::Test {
 protected:
  static constexpr std::int32_t count = 100'000;

  Values() {
    std::vector<std::int32_t> values(count);
    std::iota(values.begin(), values.end(), 0);
    const std::string bytes(reinterpret_cast<const char*>(values.data()), 4 * count);
    put_contents(path_, "0123456789" + bytes + "end");
    entry_ = {"a", 10 + 4 * count + 3, "", {}};
    entry_.extents.push_back({"values",
                              "i32",
                              {count},
                              10,
                              4 * count,
                              40'000,
                              hash_chunks(bytes.data(), 4 * count, 40'000)});
  }
  durable::File file() const { return durable::File::open_for_reading(path_); }

  Scratch scratch_;
  std::filesystem::path path_ = scratch_ / "a";
  FileEntry entry_;
};

TEST_F(Values, ComeInAnyOrder) {
  CheckedExtent extent(find_extent(entry_, "values", "i32"));
  const durable::File opened = file();
  for (std::int32_t i = 0; i < count; i += 7) {
    ASSERT_EQ(extent.at<std::int32_t>(opened, i), i);
    const std::int32_t other = static_cast<std::int32_t>(std::int64_t{i} * 7919 % count);
    ASSERT_EQ(extent.at<std::int32_t>(opened, other), other);
  }
}

TEST_F(Values, RangesLargerThanAChunkAreRead) {
  CheckedExtent extent(find_extent(entry_, "values", "i32"));
  std::vector<std::int32_t> values(50'000), expected(50'000);
  std::iota(expected.begin(), expected.end(), 20'001);
  extent.read(file(), 4 * 20'001, std::as_writable_bytes(std::span(values)));
  EXPECT_EQ(values, expected);
}

TEST_F(Values, DamageIsFoundInTheChunkThatIsTouched) {
  flip_bit(path_, 10 + 45'000);
  CheckedExtent extent(find_extent(entry_, "values", "i32"));
  const durable::File opened = file();
  EXPECT_EQ(extent.at<std::int32_t>(opened, 9'999), 9'999);
  const Thrown thrown = thrown_by([&] { extent.at<std::int32_t>(opened, 10'000); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("chunk 1 of 'values'"), std::string::npos) << thrown.message;
}

TEST_F(Values, OfAChunkAreDamagedAsAWhole) {
  flip_bit(path_, 10 + 79'999);
  CheckedExtent extent(find_extent(entry_, "values", "i32"));
  EXPECT_EQ(thrown_by([&] { extent.at<std::int32_t>(file(), 10'000); }).code, Exit::data);
}

TEST_F(Values, OfATruncatedFileAreBadData) {
  std::filesystem::resize_file(path_, 100'000);
  CheckedExtent extent(find_extent(entry_, "values", "i32"));
  EXPECT_EQ(thrown_by([&] { extent.at<std::int32_t>(file(), count - 1); }).code, Exit::data);
}

TEST_F(Values, OutsideTheExtentAreADefect) {
  CheckedExtent extent(find_extent(entry_, "values", "i32"));
  EXPECT_EQ(thrown_by([&] { extent.at<std::int32_t>(file(), count); }).code, Exit::internal);
  EXPECT_EQ(thrown_by([&] { extent.at<std::int32_t>(file(), -1); }).code, Exit::internal);
}

TEST_F(Values, ComeBackAfterARelease) {
  CheckedExtent extent(find_extent(entry_, "values", "i32"));
  EXPECT_EQ(extent.at<std::int32_t>(file(), 5), 5);
  extent.release();
  EXPECT_EQ(extent.at<std::int32_t>(file(), 5), 5);
}

TEST_F(Values, NeedTheRightTypeAndShape) {
  EXPECT_EQ(thrown_by([&] { find_extent(entry_, "values", "u32"); }).code, Exit::data);
  EXPECT_EQ(thrown_by([&] { find_extent(entry_, "values", "i32", 2); }).code, Exit::data);
  EXPECT_EQ(thrown_by([&] { find_extent(entry_, "value", "i32"); }).code, Exit::data);
}

TEST_F(Values, NeedAHashForEachChunk) {
  entry_.extents[0].chunk_hashes.pop_back();
  EXPECT_EQ(thrown_by([&] { CheckedExtent extent(entry_.extents[0]); }).code, Exit::data);
}

}  // namespace checked_extent_test
}  // namespace switchyard
