#include "io/folder/chunk_reader.h"

#include <gtest/gtest.h>

#include <numeric>

#include "io/folder/hdf5.h"
#include "runtime/random.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace chunk_reader_test {

namespace fs = std::filesystem;

constexpr std::int64_t chunk_bytes = 4096;

// A file `name` with one dataset of `count` numbers, described by its manifest's entry.
FileExtent write_numbers(const Scratch& scratch, const std::string& name, std::int32_t count,
                         std::int32_t first = 0) {
  std::vector<std::int32_t> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), first);
  Hdf5Writer writer(scratch / name, chunk_bytes);
  writer.write("numbers", "i32", {count}, numbers.data());
  const FileEntry entry = writer.finish();
  return {scratch / name, entry.extents.at(0)};
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class ChunkReaderTest : public testing::TestWithParam<Access> {
 protected:
  Scratch scratch_;
};

TEST_P(ChunkReaderTest, ViewsHoldTheFilesBytes) {
  const std::vector extents{write_numbers(scratch_, "a", 5000),
                            write_numbers(scratch_, "b", 5000, 7)};
  ChunkReader reader(extents, GetParam());
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string expected =
        contents_of(extents[i].file)
            .substr(static_cast<std::size_t>(extents[i].extent.offset), 20000);
    EXPECT_EQ(text_of(reader.view(static_cast<std::int64_t>(i), 0, 20000)), expected);
    EXPECT_EQ(text_of(reader.view(static_cast<std::int64_t>(i), 4090, 20)),
              expected.substr(4090, 20));
  }
}

// D7: wherever a bit flips, the first touch of its chunk says so, and other chunks can be read.
TEST_P(ChunkReaderTest, EveryFlippedBitIsFoundAtFirstTouch) {
  const std::vector extents{write_numbers(scratch_, "a", 50000)};
  const std::string whole = contents_of(extents[0].file);
  const Random random(1, Purpose::sampling);
  for (std::uint64_t i = 0; i < 500; ++i) {
    const auto offset = static_cast<std::int64_t>(random.uniform(2 * i) * 200000.0);
    const int bit = static_cast<int>(random.uniform(2 * i + 1) * 8.0);
    std::string damaged = whole;
    char& byte = damaged[static_cast<std::size_t>(extents[0].extent.offset + offset)];
    byte = static_cast<char>(byte ^ (1 << bit));
    put_contents(extents[0].file, damaged);

    ChunkReader reader(extents, GetParam());
    const std::int64_t chunk = offset / chunk_bytes;
    const Thrown thrown = thrown_by([&] { reader.view(0, chunk * chunk_bytes + 8, 1); });
    EXPECT_EQ(thrown.code, Exit::data);
    EXPECT_NE(thrown.message.find((scratch_ / "a").string() + " is damaged: chunk " +
                                  std::to_string(chunk) + " of 'numbers'"),
              std::string::npos)
        << thrown.message;
    const std::int64_t other = chunk == 0 ? 1 : 0;
    EXPECT_EQ(reader.view(0, other * chunk_bytes, 1).size(), 1U);
  }
}

TEST_P(ChunkReaderTest, ReplacementOfTheSameSizeIsFound) {
  const std::vector extents{write_numbers(scratch_, "a", 5000)};
  write_numbers(scratch_, "b", 5000, 1);
  fs::rename(scratch_ / "b", scratch_ / "a");
  ChunkReader reader(extents, GetParam());
  const Thrown thrown = thrown_by([&] { reader.view(0, 0, 4); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("chunk 0"), std::string::npos) << thrown.message;
}

TEST_P(ChunkReaderTest, TruncationIsFound) {
  const std::vector extents{write_numbers(scratch_, "a", 5000)};
  fs::resize_file(extents[0].file, static_cast<std::uintmax_t>(extents[0].extent.offset + 10000));
  ChunkReader reader(extents, GetParam());
  const Thrown thrown = thrown_by([&] { reader.view(0, 9000, 4); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("a is truncated"), std::string::npos) << thrown.message;
}

TEST_P(ChunkReaderTest, MissingFileIsFound) {
  const std::vector extents{write_numbers(scratch_, "a", 5000)};
  fs::remove(extents[0].file);
  ChunkReader reader(extents, GetParam());
  EXPECT_EQ(thrown_by([&] { reader.view(0, 0, 4); }).code, Exit::data);
}

TEST_P(ChunkReaderTest, EveryChunkIsInspectedOnce) {
  const std::vector extents{write_numbers(scratch_, "a", 5000)};
  std::vector<std::int64_t> seen;
  ChunkReader reader(extents, GetParam(),
                     [&](const FileExtent&, std::int64_t chunk, auto) { seen.push_back(chunk); });
  reader.view(0, 5000, 100);
  reader.view(0, 0, 20000);
  EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 0, 2, 3, 4}));
}

TEST_P(ChunkReaderTest, NamesNoFileWhenItIsNotReading) {
  const std::vector extents{write_numbers(scratch_, "a", 5000)};
  const fs::path* seen = nullptr;
  ChunkReader* reading = nullptr;
  ChunkReader reader(extents, GetParam(), [&](const auto&...) { seen = reading->reading(); });
  reading = &reader;
  reader.view(0, 0, 4);
  EXPECT_EQ(seen, &extents[0].file);
  EXPECT_EQ(reader.reading(), nullptr);
}

TEST_P(ChunkReaderTest, OutOfRangeIsADefect) {
  const std::vector extents{write_numbers(scratch_, "a", 5000)};
  ChunkReader reader(extents, GetParam());
  EXPECT_EQ(thrown_by([&] { reader.view(0, 19999, 2); }).code, Exit::internal);
  EXPECT_EQ(thrown_by([&] { reader.view(0, -1, 2); }).code, Exit::internal);
}

// Two datasets of a file: 100,000 values 0, 1, 2, ... in chunks of 40,000 bytes, and 10 of 7.
class ReadTest : public testing::TestWithParam<Access> {
 protected:
  static constexpr std::int32_t count = 100'000;

  ReadTest() {
    std::vector<std::int32_t> values(count);
    std::iota(values.begin(), values.end(), 0);
    Hdf5Writer writer(scratch_ / "a", 40'000);
    writer.write("values", "i32", {count}, values.data());
    writer.write("sevens", "i32", {10}, std::vector<std::int32_t>(10, 7).data());
    const FileEntry entry = writer.finish();
    for (const char* name : {"values", "sevens"}) {
      extents_.push_back({scratch_ / "a", find_extent(entry, name, "i32")});
    }
  }
  std::int64_t byte_of(std::int64_t i) const { return extents_[0].extent.offset + 4 * i; }

  Scratch scratch_;
  std::vector<FileExtent> extents_;
};

TEST_P(ReadTest, ValuesComeInAnyOrder) {
  ChunkReader reader(extents_, GetParam());
  for (std::int32_t i = 0; i < count; i += 7) {
    ASSERT_EQ(reader.value<std::int32_t>(0, i), i);
    const auto other = static_cast<std::int32_t>(std::int64_t{i} * 7919 % count);
    ASSERT_EQ(reader.value<std::int32_t>(0, other), other);
    ASSERT_EQ(reader.value<std::int32_t>(1, i % 10), 7);
  }
}

TEST_P(ReadTest, RangesLargerThanAChunkAreRead) {
  ChunkReader reader(extents_, GetParam());
  std::vector<std::int32_t> values(50'000), expected(50'000);
  std::iota(expected.begin(), expected.end(), 20'001);
  reader.read(0, 4 * 20'001, std::as_writable_bytes(std::span(values)));
  EXPECT_EQ(values, expected);
}

TEST_P(ReadTest, DamageIsFoundInTheChunkThatIsTouched) {
  flip_bit(scratch_ / "a", byte_of(11'250));
  ChunkReader reader(extents_, GetParam());
  EXPECT_EQ(reader.value<std::int32_t>(0, 9'999), 9'999);
  const Thrown thrown = thrown_by([&] { reader.value<std::int32_t>(0, 10'000); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("chunk 1 of 'values'"), std::string::npos) << thrown.message;
}

// A failure leaves no window behind that a later call would take for data.
TEST_P(ReadTest, DamageIsFoundAgainAtTheNextTouch) {
  flip_bit(scratch_ / "a", byte_of(11'250));
  ChunkReader reader(extents_, GetParam());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(thrown_by([&] { reader.value<std::int32_t>(0, 10'000); }).code, Exit::data);
  }
}

TEST_P(ReadTest, TruncationIsFound) {
  fs::resize_file(scratch_ / "a", 100'000);
  ChunkReader reader(extents_, GetParam());
  EXPECT_EQ(thrown_by([&] { reader.value<std::int32_t>(0, count - 1); }).code, Exit::data);
}

TEST_P(ReadTest, OutOfRangeIsADefect) {
  ChunkReader reader(extents_, GetParam());
  EXPECT_EQ(thrown_by([&] { reader.value<std::int32_t>(0, count); }).code, Exit::internal);
  EXPECT_EQ(thrown_by([&] { reader.value<std::int32_t>(0, -1); }).code, Exit::internal);
}

TEST_P(ReadTest, ComesBackAfterARelease) {
  ChunkReader reader(extents_, GetParam());
  EXPECT_EQ(reader.value<std::int32_t>(0, 5), 5);
  reader.release();
  EXPECT_EQ(reader.value<std::int32_t>(0, 5), 5);
}

TEST_P(ReadTest, NeedsAHashForEachChunk) {
  extents_[0].extent.chunk_hashes.pop_back();
  EXPECT_EQ(thrown_by([&] { ChunkReader reader(extents_, GetParam()); }).code, Exit::data);
}

const auto name_of_access = [](const auto& access) {
  return access.param == Access::pread ? "pread" : "mmap";
};
INSTANTIATE_TEST_SUITE_P(Access, ChunkReaderTest, testing::Values(Access::pread, Access::mmap),
                         name_of_access);
INSTANTIATE_TEST_SUITE_P(Access, ReadTest, testing::Values(Access::pread, Access::mmap),
                         name_of_access);

}  // namespace chunk_reader_test
}  // namespace switchyard
