#include "io/folder/hdf5.h"

#include <numeric>

#include "io/files/hash.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace hdf5_test {

std::vector<float> numbers(std::size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 1.0F);
  return values;
}

FileEntry write_numbers(const std::filesystem::path& path, const std::vector<float>& values) {
  Hdf5Writer writer(path, 64);
  writer.attribute("note", "hello");
  writer.write("group/values", "f32", {std::ssize(values)}, values.data());
  return writer.finish();
}

TEST(Hdf5Writer, FileHasTheSignatureAndSizeOfItsEntry) {
  const Scratch scratch;
  const FileEntry entry = write_numbers(scratch / "a.h5", numbers(100));
  const std::string contents = contents_of(scratch / "a.h5");
  EXPECT_EQ(entry.name, "a.h5");
  EXPECT_EQ(contents.substr(0, 4), "\x89HDF");
  EXPECT_EQ(std::ssize(contents), entry.bytes);
}

TEST(Hdf5Writer, DatasetStandsAtItsExtent) {
  const Scratch scratch;
  const auto values = numbers(100);
  const Extent extent = write_numbers(scratch / "a.h5", values).extents.at(0);
  const std::string raw(reinterpret_cast<const char*>(values.data()), 400);
  EXPECT_EQ(extent.name, "group/values");
  EXPECT_EQ(extent.shape, std::vector<std::int64_t>{100});
  EXPECT_EQ(contents_of(scratch / "a.h5").substr(extent.offset, extent.bytes), raw);
}

TEST(Hdf5Writer, EveryChunkHasItsHash) {
  const Scratch scratch;
  const auto values = numbers(100);
  const Extent extent = write_numbers(scratch / "a.h5", values).extents.at(0);
  ASSERT_EQ(extent.chunk_hashes.size(), 7U);  // 6 of 64 bytes, one of 16
  EXPECT_EQ(extent.chunk_hashes[0], content_hash(std::as_bytes(std::span(values)).first(64)));
  EXPECT_EQ(extent.chunk_hashes[6], content_hash(std::as_bytes(std::span(values)).subspan(6 * 64)));
}

TEST(Hdf5Writer, RestHashIsThatOfTheFileOnDisk) {
  const Scratch scratch;
  const FileEntry entry = write_numbers(scratch / "a.h5", numbers(100));
  const std::string contents = contents_of(scratch / "a.h5");
  const ContentHash hash = hash_rest(entry, [&](std::int64_t offset, std::span<std::byte> out) {
    std::copy_n(std::as_bytes(std::span(contents)).begin() + offset, out.size(), out.begin());
  });
  EXPECT_EQ(entry.rest_hash, hash);
}

TEST(Hdf5Writer, SameContentGivesTheSameBytes) {
  const Scratch scratch;
  write_numbers(scratch / "a.h5", numbers(1000));
  write_numbers(scratch / "b.h5", numbers(1000));
  EXPECT_EQ(contents_of(scratch / "a.h5"), contents_of(scratch / "b.h5"));
}

TEST(Hdf5Writer, ZeroElementsAndNoDimsAreLegal) {
  const Scratch scratch;
  Hdf5Writer writer(scratch / "a.h5", 64);
  const std::int64_t one = 1;
  writer.write("empty", "f32", {3, 0}, nullptr);
  writer.write("scalar", "i64", {}, &one);
  const FileEntry entry = writer.finish();
  EXPECT_EQ(entry.extents.at(0).bytes, 0);
  EXPECT_EQ(entry.extents.at(1).bytes, 8);
}

TEST(Hdf5Writer, ManyDatasetsDoNotOverlap) {
  const Scratch scratch;
  const auto values = numbers(3000);
  Hdf5Writer writer(scratch / "a.h5", 1 << 20);
  for (std::int64_t i = 0; i < 2000; ++i) {
    writer.write(fmt::format("t{}", i), "f32", {1 + i}, values.data());
  }
  FileEntry entry;
  EXPECT_NO_THROW(entry = writer.finish());  // hash_rest refuses overlaps
  EXPECT_EQ(entry.extents.size(), 2000U);
}

TEST(Hdf5Writer, IsRemovedUnlessFinished) {
  const Scratch scratch;
  {
    Hdf5Writer writer(scratch / "a.h5", 64);
    writer.write("values", "f32", {100}, numbers(100).data());
  }
  EXPECT_FALSE(std::filesystem::exists(scratch / "a.h5"));
}

TEST(Hdf5Writer, FullDiskIsAStorageErrorAndLeavesNothing) {
  const Scratch scratch;
  const FileSizeLimit limit(100'000);
  const auto thrown = thrown_by([&] { write_numbers(scratch / "a.h5", numbers(100'000)); });
  EXPECT_EQ(thrown.code, Exit::storage);
  EXPECT_NE(thrown.message.find((scratch / "a.h5").string()), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(scratch / "a.h5"));
}

TEST(Hdf5Writer, FullDiskWhileClosingIsAStorageErrorToo) {
  const Scratch scratch;
  Hdf5Writer writer(scratch / "a.h5", 64);
  writer.write("values", "f32", {10}, numbers(10).data());
  const FileSizeLimit limit(50);
  EXPECT_EQ(thrown_by([&] { writer.finish(); }).code, Exit::storage);
}

TEST(Hdf5Writer, WorksAgainAfterAFullDisk) {
  const Scratch scratch;
  {
    const FileSizeLimit limit(50);
    thrown_by([&] { write_numbers(scratch / "a.h5", numbers(100)); });
  }
  EXPECT_NO_THROW(write_numbers(scratch / "a.h5", numbers(100)));
}

TEST(Hdf5Writer, OneNameTwiceIsAnErrorWithHdf5sReason) {
  const Scratch scratch;
  Hdf5Writer writer(scratch / "a.h5", 64);
  writer.write("values", "f32", {10}, numbers(10).data());
  const auto thrown = thrown_by([&] { writer.write("values", "f32", {10}, numbers(10).data()); });
  EXPECT_EQ(thrown.code, Exit::internal);
  EXPECT_NE(thrown.message.find("already exists"), std::string::npos) << thrown.message;
}

}  // namespace hdf5_test
}  // namespace switchyard
