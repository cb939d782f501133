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
  bool has_garbage = false;

  bool operator==(const Reading&) const = default;
};

// Reads `piece` bytes at a time: an odd number, so that every state is entered in its middle.
Reading read_all(ByteSource& source, std::size_t piece) {
  Reading result;
  std::string out(piece, '\0');
  while (const std::size_t size = source.read(out)) result.bytes.append(out, 0, size);
  result.damage = source.damage();
  result.has_garbage = source.has_garbage();
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

TEST(ByteSource, WhatElseFollowsAFrameIsCorruptAndTheFrameStays) {
  const Reading reading = read(zstd_of("text") + "and no frame", Compression::zstd);
  EXPECT_EQ(reading.damage, Problem::corrupt_archive);
  EXPECT_EQ(reading.bytes, "text");
}

// As gzip 1.12 does: zeros are padding, other bytes are passed over with a warning.
TEST(ByteSource, WhatElseFollowsAMemberIsPassedOver) {
  const std::string zeros(5000, '\0'), member = gzip_of("text");
  for (const std::size_t piece : {1, 7, 4099}) {
    EXPECT_EQ(read(member + zeros, Compression::gzip, piece),
              (Reading{"text", std::nullopt, false}));
    for (const std::string& garbage :
         {std::string("and no member"), std::string("\x1Fx"), zeros + "x", zeros + member}) {
      EXPECT_EQ(read(member + garbage, Compression::gzip, piece),
                (Reading{"text", std::nullopt, true}))
          << garbage.size();
    }
    EXPECT_EQ(read(member + "x", Compression::gzip, piece).damage, std::nullopt);
  }
}

TEST(ByteSource, DamageInALaterMemberIsNoGarbage) {
  const std::string member = gzip_of("text");
  const Reading cut = read(member + member.substr(0, 12), Compression::gzip);
  EXPECT_EQ(cut.damage, Problem::corrupt_archive);
  const Reading other = read(member + "\x1F\x8B\x07" + member, Compression::gzip);
  EXPECT_EQ(other.damage, Problem::corrupt_archive);
  EXPECT_EQ(read("no member", Compression::gzip).damage, Problem::corrupt_archive);
}

TEST(ByteSource, SkippableFramesAreSkipped) {
  const std::string skippable("\x50\x2A\x4D\x18\x03\x00\x00\x00xyz", 11);
  const Reading reading = read(
      skippable + zstd_of("text") + skippable + zstd_of("more") + skippable, Compression::zstd);
  EXPECT_EQ(reading.bytes, "textmore");
  EXPECT_EQ(reading.damage, std::nullopt);
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

// RFC 8878: magic number, a frame header that asks for a window of 2^log bytes, one raw last block.
std::string frame_of_window(int log) {
  std::string frame("\x28\xB5\x2F\xFD\x00", 5);
  frame += static_cast<char>((log - 10) << 3);
  return frame + std::string("\x21\x00\x00text", 7);
}

TEST(ByteSource, WindowsOfZstdLongAreRead) {
  for (const int log : {28, 31}) {
    const Reading reading = read(frame_of_window(log), Compression::zstd);
    EXPECT_EQ(reading.bytes, "text") << log;
    EXPECT_EQ(reading.damage, std::nullopt) << log;
  }
}

TEST(ByteSource, LargerWindowIsNamed) {
  EXPECT_EQ(read(frame_of_window(32), Compression::zstd).damage, Problem::large_window);
}

TEST(ByteSource, PeekedBytesAreReadAgain) {
  const Scratch scratch;
  put_contents(scratch / "a.txt", "0123456789");
  for (const std::size_t head : {1, 4, 10, 100}) {
    PeekedSource source(open_file(scratch / "a.txt"), head);
    EXPECT_EQ(source.head(), std::string("0123456789").substr(0, head));
    EXPECT_EQ(read_all(source, 3).bytes, "0123456789");
  }
  PeekedSource missing(open_file("/no/such/file"), 4);
  EXPECT_EQ(read_all(missing, 3).damage, Problem::unreadable_file);
}

}  // namespace byte_source_test
}  // namespace switchyard::prepare
