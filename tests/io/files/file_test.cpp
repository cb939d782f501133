#include "io/files/file.h"

#include <sys/stat.h>

#include "tests/io/scratch.h"

namespace switchyard::durable {
namespace file_test {

TEST(File, WhatWasWrittenIsRead) {
  const Scratch scratch;
  File file = *File::create(scratch / "a");
  file.write("abcdef");
  file.write_at(2, "XY");
  std::string text(6, '\0');
  EXPECT_EQ(file.read_at(0, std::as_writable_bytes(std::span(text))), 6);
  EXPECT_EQ(text, "abXYef");
}

TEST(File, ReadingStopsAtTheEnd) {
  const Scratch scratch;
  put_contents(scratch / "a", "abc");
  std::byte bytes[8];
  EXPECT_EQ(File::open_for_reading(scratch / "a").read_at(1, bytes), 2);
}

TEST(File, CreateLeavesWhatExistsAlone) {
  const Scratch scratch;
  put_contents(scratch / "a", "abc");
  EXPECT_FALSE(File::create(scratch / "a"));
  EXPECT_EQ(contents_of(scratch / "a"), "abc");
}

TEST(File, MissingFileIsBadData) {
  const Scratch scratch;
  const auto thrown = thrown_by([&] { File::open_for_reading(scratch / "none"); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find((scratch / "none").string()), std::string::npos);
}

TEST(File, FolderIsNotAFile) {
  const Scratch scratch;
  EXPECT_EQ(thrown_by([&] { File::open_for_reading(scratch.path()); }).code, Exit::data);
}

TEST(File, PipeIsRefusedAndDoesNotBlock) {
  const Scratch scratch;
  ASSERT_EQ(mkfifo((scratch / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(thrown_by([&] { File::open_for_reading(scratch / "pipe"); }).code, Exit::data);
}

TEST(File, FullDiskIsAStorageErrorThatNamesPathAndReason) {
  File file = File::open_for_writing("/dev/full", 0);
  const auto thrown = thrown_by([&] { file.write("a"); });
  EXPECT_EQ(thrown.code, Exit::storage);
  EXPECT_NE(thrown.message.find("/dev/full"), std::string::npos);
  EXPECT_NE(thrown.message.find("No space left on device"), std::string::npos);
}

TEST(File, FileSizeLimitIsAStorageError) {
  const Scratch scratch;
  File file = *File::create(scratch / "a");
  const FileSizeLimit limit(4);
  EXPECT_EQ(thrown_by([&] { file.write("abcdef"); }).code, Exit::storage);
}

TEST(File, PathThatCannotWorkIsAUsageError) {
  const Scratch scratch;
  put_contents(scratch / "a", "");
  EXPECT_EQ(thrown_by([&] { File::create(scratch / "a" / "b"); }).code, Exit::usage);
}

}  // namespace file_test
}  // namespace switchyard::durable
