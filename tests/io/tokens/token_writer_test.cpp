#include "io/tokens/token_writer.h"

#include <gtest/gtest.h>

#include "tests/io/scratch.h"

namespace switchyard {
namespace token_writer_test {

template <class T>
std::vector<T> values(const Scratch& scratch, const FileEntry& file, std::size_t extent) {
  std::vector<T> out(static_cast<std::size_t>(file.extents.at(extent).bytes) / sizeof(T));
  read_extent(scratch.path(), file, file.extents.at(extent), 0,
              std::as_writable_bytes(std::span(out)));
  return out;
}

TEST(TokenWriter, WritesDocumentsOneAfterTheOther) {
  const Scratch scratch;
  TokenWriter writer(scratch.path(), "train-0", 257);
  writer.add_document(256, std::vector<std::int32_t>{1, 2}, 0, {10, 11});
  writer.add_document(256, {}, 3, {20, 21});
  EXPECT_EQ(writer.num_tokens(), 4);
  EXPECT_EQ(writer.num_documents(), 2);
  const FileEntry file = writer.finish();
  EXPECT_EQ(file.name, "train-0.h5");
  EXPECT_EQ(values<std::uint16_t>(scratch, file, 0), (std::vector<std::uint16_t>{256, 1, 2, 256}));
  EXPECT_EQ(values<std::int64_t>(scratch, file, 1), (std::vector<std::int64_t>{0, 3, 4}));
  EXPECT_EQ(values<std::uint16_t>(scratch, file, 2), (std::vector<std::uint16_t>{0, 3}));
  EXPECT_EQ(values<std::uint64_t>(scratch, file, 3), (std::vector<std::uint64_t>{10, 11, 20, 21}));
  EXPECT_EQ(file.extents.at(3).shape, (std::vector<std::int64_t>{2, 2}));
}

TEST(TokenWriter, LargeVocabulariesTakeFourBytes) {
  const Scratch scratch;
  TokenWriter small(scratch.path(), "small", 65536), large(scratch.path(), "large", 65537);
  small.add_document(65535, {}, 0, {});
  large.add_document(65536, {}, 0, {});
  EXPECT_EQ(values<std::uint16_t>(scratch, small.finish(), 0), std::vector<std::uint16_t>{65535});
  EXPECT_EQ(values<std::uint32_t>(scratch, large.finish(), 0), std::vector<std::uint32_t>{65536});
}

TEST(TokenWriter, CountsUnknownTokens) {
  const Scratch scratch;
  TokenWriter writer(scratch.path(), "train-0", 257, 7), other(scratch.path(), "train-1", 257);
  for (TokenWriter* each : {&writer, &other}) {
    each->add_document(256, std::vector<std::int32_t>{7, 2, 7}, 0, {});
    each->add_document(256, std::vector<std::int32_t>{7}, 0, {});
  }
  EXPECT_EQ(writer.num_unknown(), 3);
  EXPECT_EQ(other.num_unknown(), 0);
}

TEST(TokenWriter, EmptyShardHasNoDocument) {
  const Scratch scratch;
  const FileEntry file = TokenWriter(scratch.path(), "none", 257).finish();
  EXPECT_EQ(file.extents.at(0).bytes, 0);
  EXPECT_EQ(values<std::int64_t>(scratch, file, 1), std::vector<std::int64_t>{0});
}

TEST(TokenWriter, TheSameDocumentsGiveTheSameBytes) {
  const Scratch scratch;
  for (const char* name : {"a", "b"}) {
    TokenWriter writer(scratch.path(), name, 257);
    writer.add_document(256, std::vector<std::int32_t>(100000, 5), 1, {1, 2});
    writer.finish();
  }
  EXPECT_EQ(contents_of(scratch / "a.h5"), contents_of(scratch / "b.h5"));
}

TEST(TokenWriter, IdsOutsideTheVocabularyAreADefect) {
  const Scratch scratch;
  TokenWriter writer(scratch.path(), "a", 257);
  const auto add = [&](std::int32_t token) {
    return thrown_by([&] { writer.add_document(256, std::vector<std::int32_t>{token}, 0, {}); });
  };
  EXPECT_EQ(add(257).code, Exit::internal);
  EXPECT_EQ(add(-1).code, Exit::internal);
}

}  // namespace token_writer_test
}  // namespace switchyard
