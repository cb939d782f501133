#include "io/prepare/input/byte_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/io/prepare/compressed.h"
#include "tests/io/scratch.h"

namespace switchyard::prepare {
namespace byte_source_test {

struct Reading {
  std::string bytes;
  std::optional<Problem> damage;
};

// Reads `piece` bytes at a time: an odd number, so that every state is entered in its middle.
Reading read_all(ByteSource& source, std::size_t piece) {
  Reading result;
  std::string out(piece, '\0');
  while (const std::size_t size = source.read(out)) result.bytes.append(out, 0, size);
  result.damage = source.damage();
  return result;
}

Reading read(const std::string& bytes, Compression method, std::size_t piece = 4099) {
  const Scratch scratch;
  put_contents(scratch / "a", bytes);
  return read_all(*decompress(open_file(scratch / "a"), method), piece);
}

std::string some_text() {
  std::string text;
  for (int i = 0; text.size() < 700000; ++i) text += "line " + std::to_string(i * 7919) + "\n";
  return text;
}

struct Method {
  Compression compression;
  std::string (*compress)(const std::string&);
};

class EveryMethod : public testing::TestWithParam<Method> {};

TEST_P(EveryMethod, GivesBackWhatWasCompressed) {
  const auto [method, compress] = GetParam();
  const std::string text = some_text();
  for (const std::size_t piece : {std::size_t{1009}, std::size_t{1} << 20}) {
    const Reading reading = read(compress(text), method, piece);
    EXPECT_TRUE(reading.bytes == text);
    EXPECT_EQ(reading.damage, std::nullopt);
  }
}

TEST_P(EveryMethod, MembersFollowEachOther) {
  const auto [method, compress] = GetParam();
  const Reading reading = read(compress("one ") + compress("") + compress("two"), method);
  EXPECT_EQ(reading.bytes, "one two");
  EXPECT_EQ(reading.damage, std::nullopt);
}

TEST_P(EveryMethod, NothingCompressedIsNothing) {
  const auto [method, compress] = GetParam();
  const Reading reading = read(compress(""), method);
  EXPECT_EQ(reading.bytes, "");
  EXPECT_EQ(reading.damage, std::nullopt);
}

TEST_P(EveryMethod, CutOffAnywhereIsCorrupt) {
  const auto [method, compress] = GetParam();
  const std::string text = "some text, some more text, and some more still";
  const std::string whole = compress(text);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Reading reading = read(whole.substr(0, size), method);
    EXPECT_EQ(reading.damage, Problem::corrupt_archive) << size;
    EXPECT_TRUE(text.starts_with(reading.bytes)) << size;
  }
}

TEST_P(EveryMethod, FlippedBitIsCorruptAndWhatCameBeforeStays) {
  const auto [method, compress] = GetParam();
  const std::string text = some_text();
  std::string bytes = compress(text);
  bytes[bytes.size() - 100] = static_cast<char>(bytes[bytes.size() - 100] ^ 16);
  const Reading reading = read(bytes, method);
  EXPECT_EQ(reading.damage, Problem::corrupt_archive);
  EXPECT_GT(reading.bytes.size(), 100000);
  EXPECT_EQ(reading.bytes.substr(0, 100000), text.substr(0, 100000));
}

TEST(ByteSource, SmallDamagedFrameGivesWhatCameBefore) {
  const std::string bytes = zstd_of("some text");
  const Reading reading = read(bytes.substr(0, bytes.size() - 4) + "bad!", Compression::zstd);
  EXPECT_EQ(reading.damage, Problem::corrupt_archive);
  EXPECT_EQ(reading.bytes, "some text");
}

TEST_P(EveryMethod, WhatElseFollowsIsCorruptAndTheMemberStays) {
  const auto [method, compress] = GetParam();
  const Reading reading = read(compress("text") + "and no member", method);
  EXPECT_EQ(reading.damage, Problem::corrupt_archive);
  EXPECT_EQ(reading.bytes, "text");
}

TEST_P(EveryMethod, MissingFileIsUnreadable) {
  const auto source = decompress(open_file("/no/such/file"), GetParam().compression);
  EXPECT_EQ(read_all(*source, 10).damage, Problem::unreadable_file);
}

INSTANTIATE_TEST_SUITE_P(ByteSource, EveryMethod,
                         testing::Values(Method{Compression::gzip, &gzip_of},
                                         Method{Compression::zstd, &zstd_of}),
                         [](const auto& tested) {
                           return tested.param.compression == Compression::gzip ? "Gzip" : "Zstd";
                         });

TEST(ByteSource, PlainFileIsReadFromWhereItIsAsked) {
  const Scratch scratch;
  put_contents(scratch / "a.txt", "0123456789");
  const auto source = open_file(scratch / "a.txt", 4);
  EXPECT_EQ(read_all(*source, 4).bytes, "456789");
  EXPECT_EQ(source->damage(), std::nullopt);
}

TEST(ByteSource, FolderIsUnreadable) {
  const Scratch scratch;
  EXPECT_EQ(read_all(*open_file(scratch.path()), 4).damage, Problem::unreadable_file);
}

TEST(ByteSource, PipeIsUnreadableAndNotWaitedFor) {
  const Scratch scratch;
  ASSERT_EQ(mkfifo((scratch / "pipe.txt").c_str(), 0600), 0);
  EXPECT_EQ(read_all(*open_file(scratch / "pipe.txt"), 4).damage, Problem::unreadable_file);
}

TEST(ByteSource, FrameThatAsksForALargeWindowIsCorrupt) {
  // RFC 8878: magic number, a frame header that says 2 GiB, one empty last block.
  const std::string frame("\x28\xB5\x2F\xFD\x00\xA8\x01\x00\x00", 9);
  EXPECT_EQ(read(frame, Compression::zstd).damage, Problem::corrupt_archive);
}

TEST(ByteSource, NameSaysHowItIsCompressed) {
  EXPECT_EQ(compression_of("a.txt"), Compression::none);
  EXPECT_EQ(compression_of("a.txt.gz"), Compression::gzip);
  EXPECT_EQ(compression_of("a.jsonl.zst"), Compression::zstd);
}

}  // namespace byte_source_test
}  // namespace switchyard::prepare
