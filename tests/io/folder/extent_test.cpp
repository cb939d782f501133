#include "io/folder/extent.h"

#include <numeric>

#include "io/files/hash.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace extent_test {

// A file of bytes 0, 1, 2, ... whose bytes 10 to 35 are a dataset in chunks of 8.
class ReadExtent : public testing::Test {
 protected:
  ReadExtent() : contents_(40, '\0') {
    std::iota(contents_.begin(), contents_.end(), '\0');
    put_contents(scratch_ / "a", contents_);
    file_ = {"a", 40, {}, {}};
    extent_ = {"numbers", "u8", {25}, 10, 25, 8, hash_chunks(contents_.data() + 10, 25, 8)};
  }
  std::string read(std::int64_t begin, std::size_t count) const {
    std::string out(count, '\0');
    read_extent(scratch_.path(), file_, extent_, begin, std::as_writable_bytes(std::span(out)));
    return out;
  }

  Scratch scratch_;
  std::string contents_;
  FileEntry file_;
  Extent extent_;
};

TEST_F(ReadExtent, GivesAnyRange) {
  for (std::size_t begin = 0; begin <= 25; ++begin) {
    for (std::size_t count = 0; begin + count <= 25; ++count) {
      EXPECT_EQ(read(static_cast<std::int64_t>(begin), count), contents_.substr(10 + begin, count));
    }
  }
}

TEST_F(ReadExtent, DamageIsFoundInAnyChunkThatIsTouched) {
  flip_bit(scratch_ / "a", 10 + 15);  // the last byte of chunk 1
  EXPECT_EQ(thrown_by([&] { read(8, 1); }).code, Exit::data);
  EXPECT_EQ(thrown_by([&] { read(0, 25); }).code, Exit::data);
}

TEST_F(ReadExtent, DamageElsewhereDoesNotMatter) {
  flip_bit(scratch_ / "a", 10 + 15);
  EXPECT_EQ(thrown_by([&] { read(0, 8); }).code, Exit::done);
  EXPECT_EQ(thrown_by([&] { read(16, 9); }).code, Exit::done);
}

TEST_F(ReadExtent, ErrorNamesFileChunkAndDataset) {
  flip_bit(scratch_ / "a", 10 + 15);
  const std::string message = thrown_by([&] { read(0, 25); }).message;
  EXPECT_NE(message.find((scratch_ / "a").string()), std::string::npos);
  EXPECT_NE(message.find("chunk 1 of 'numbers'"), std::string::npos);
}

TEST_F(ReadExtent, TruncatedFileIsBadData) {
  std::filesystem::resize_file(scratch_ / "a", 20);
  EXPECT_EQ(thrown_by([&] { read(0, 25); }).code, Exit::data);
}

TEST(FindExtent, NeedsTheRightNameTypeAndShape) {
  const FileEntry file{
      "a", 40, {}, {{"x", "i32", {3}, 0, 12, 8, {}}, {"y", "i32", {3, 2}, 12, 24, 8, {}}}};
  EXPECT_EQ(&find_extent(file, "x", "i32"), &file.extents[0]);
  EXPECT_EQ(&find_extent(file, "y", "i32", 2), &file.extents[1]);
  EXPECT_EQ(thrown_by([&] { find_extent(file, "x", "u32"); }).code, Exit::data);
  EXPECT_EQ(thrown_by([&] { find_extent(file, "x", "i32", 2); }).code, Exit::data);
  EXPECT_EQ(thrown_by([&] { find_extent(file, "y", "i32"); }).code, Exit::data);
  EXPECT_EQ(thrown_by([&] { find_extent(file, "z", "i32"); }).code, Exit::data);
}

TEST(BytesOfShape, OverflowIsBadDataEvenOfAnEmptyDataset) {
  const std::int64_t large = std::int64_t{1} << 40;
  EXPECT_EQ(thrown_by([&] { bytes_of_shape({large, large}, 4); }).code, Exit::data);
  EXPECT_EQ(thrown_by([&] { bytes_of_shape({large, large, 0}, 4); }).code, Exit::data);
}

TEST(BytesOfShape, ZeroInAnyDimIsEmpty) { EXPECT_EQ(bytes_of_shape({3, 0, 5}, 4), 0); }

TEST(BytesOfShape, NegativeDimIsBadData) {
  EXPECT_EQ(thrown_by([] { bytes_of_shape({-1}, 4); }).code, Exit::data);
}

TEST(HashRest, IsOfTheBytesBetweenTheExtents) {
  const std::string contents = "0123456789";
  const FileEntry file{"a", 10, {}, {{"y", "u8", {2}, 6, 2, 8, {}}, {"x", "u8", {3}, 1, 3, 8, {}}}};
  const ContentHash hash = hash_rest(file, [&](std::int64_t offset, std::span<std::byte> out) {
    std::copy_n(std::as_bytes(std::span(contents)).begin() + offset, out.size(), out.begin());
  });
  EXPECT_EQ(hash, content_hash("04589"));
}

TEST(HashRest, OverlappingExtentsAreBadData) {
  const FileEntry file{"a", 10, {}, {{"x", "u8", {3}, 1, 3, 8, {}}, {"y", "u8", {3}, 3, 3, 8, {}}}};
  const auto nothing = [](std::int64_t, std::span<std::byte>) {};
  EXPECT_EQ(thrown_by([&] { hash_rest(file, nothing); }).code, Exit::data);
}

}  // namespace extent_test
}  // namespace switchyard
