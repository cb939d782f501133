#include "io/files/durable.h"

#include <array>

#include "tests/io/scratch.h"

namespace switchyard::durable {
namespace durable_test {

TEST(NewFile, StaysOnceCommitted) {
  const Scratch scratch;
  {
    NewFile file(scratch / "a");
    file.append("abc");
    file.append("def");
    file.commit();
  }
  EXPECT_EQ(contents_of(scratch / "a"), "abcdef");
}

TEST(NewFile, IsRemovedUnlessCommitted) {
  const Scratch scratch;
  { NewFile(scratch / "a").append("abc"); }
  EXPECT_FALSE(fs::exists(scratch / "a"));
}

TEST(NewFile, RefusesAPathThatExists) {
  const Scratch scratch;
  put_contents(scratch / "a", "old");
  EXPECT_EQ(thrown_by([&] { NewFile(scratch / "a"); }).code, Exit::usage);
  EXPECT_EQ(contents_of(scratch / "a"), "old");
}

TEST(NewFile, BytesPastTheEndReadAsZero) {
  const Scratch scratch;
  NewFile file(scratch / "a");
  file.append("a");
  std::array<std::byte, 2> bytes{std::byte{7}, std::byte{7}};
  file.read_at(0, bytes);
  EXPECT_EQ(bytes[0], std::byte{'a'});
  EXPECT_EQ(bytes[1], std::byte{0});
}

TEST(MakeFolders, MakesEveryParent) {
  const Scratch scratch;
  make_folders(scratch / "a" / "b" / "c");
  EXPECT_TRUE(fs::is_directory(scratch / "a" / "b" / "c"));
}

TEST(MakeFolders, IsContentWithWhatIsThere) {
  const Scratch scratch;
  EXPECT_NO_THROW(make_folders(scratch.path()));
}

TEST(MakeFolders, FileInTheWayIsAUsageError) {
  const Scratch scratch;
  put_contents(scratch / "a", "");
  EXPECT_EQ(thrown_by([&] { make_folders(scratch / "a" / "b"); }).code, Exit::usage);
}

TEST(ReplaceFile, PutsNewContentsInPlaceOfOld) {
  const Scratch scratch;
  replace_file(scratch / "a", "old");
  replace_file(scratch / "a", "new");
  EXPECT_EQ(contents_of(scratch / "a"), "new");
}

TEST(ReplaceFile, FullDiskKeepsTheOldAndNoTemporary) {
  const Scratch scratch;
  replace_file(scratch / "a", "old");
  fs::create_symlink("/dev/full", scratch / "a.tmp");
  EXPECT_EQ(thrown_by([&] { replace_file(scratch / "a", "new"); }).code, Exit::storage);
  EXPECT_EQ(contents_of(scratch / "a"), "old");
  EXPECT_FALSE(fs::is_symlink(scratch / "a.tmp"));
}

TEST(CreateFile, OnlyTheFirstSucceeds) {
  const Scratch scratch;
  EXPECT_TRUE(create_file(scratch / "a", "first"));
  EXPECT_FALSE(create_file(scratch / "a", "second"));
  EXPECT_EQ(contents_of(scratch / "a"), "first");
}

TEST(CreateFile, FullDiskLeavesNothing) {
  const Scratch scratch;
  const FileSizeLimit limit(4);
  EXPECT_EQ(thrown_by([&] { create_file(scratch / "a", "too long"); }).code, Exit::storage);
  EXPECT_FALSE(fs::exists(scratch / "a"));
}

TEST(AppendLine, AddsALineBreak) {
  const Scratch scratch;
  append_line(scratch / "a", "one");
  append_line(scratch / "a", "two");
  EXPECT_EQ(contents_of(scratch / "a"), "one\ntwo\n");
}

TEST(AppendLine, CutsATornTail) {
  const Scratch scratch;
  put_contents(scratch / "a", "one\n" + std::string(10000, 't'));
  append_line(scratch / "a", "two");
  EXPECT_EQ(contents_of(scratch / "a"), "one\ntwo\n");
}

TEST(AppendLine, CutsATornFirstLine) {
  const Scratch scratch;
  put_contents(scratch / "a", "torn");
  append_line(scratch / "a", "one");
  EXPECT_EQ(contents_of(scratch / "a"), "one\n");
}

TEST(AppendLine, FullDiskIsAStorageError) {
  EXPECT_EQ(thrown_by([] { append_line("/dev/full", "one"); }).code, Exit::storage);
}

TEST(ReadFile, LargerThanTheLimitIsBadData) {
  const Scratch scratch;
  put_contents(scratch / "a", "abcd");
  EXPECT_EQ(read_file(scratch / "a", 4), "abcd");
  EXPECT_EQ(thrown_by([&] { read_file(scratch / "a", 3); }).code, Exit::data);
}

TEST(RemoveTree, NothingToRemoveIsNoError) {
  const Scratch scratch;
  EXPECT_NO_THROW(remove_tree(scratch / "none"));
}

}  // namespace durable_test
}  // namespace switchyard::durable
