#include "io/loader/row_table_writer.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "io/loader/row_table.h"
#include "tests/io/dataset.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace row_table_writer_test {

namespace fs = std::filesystem;

constexpr std::int64_t length = 16;

fs::path prepare(const fs::path& dataset, const fs::path& fallback) {
  const auto alone = make_single_comm();
  return prepare_rows(TokenStore(dataset), length, fallback, *alone);
}

fs::path rows_of(const fs::path& dataset) {
  return dataset / rows_folder(TokenStore(dataset), length);
}

// Of every file of a folder.
std::map<std::string, std::string> bytes_of(const fs::path& folder) {
  std::map<std::string, std::string> bytes;
  for (const auto& file : fs::directory_iterator(folder)) {
    bytes[file.path().filename().string()] = contents_of(file.path());
  }
  return bytes;
}

TEST(RowTableWriter, MakesTheTableOnce) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(100));
  const fs::path folder = prepare(scratch / "d", scratch / "run");
  EXPECT_EQ(folder, rows_of(scratch / "d"));
  const auto written = fs::last_write_time(folder / manifest_name);
  EXPECT_EQ(prepare(scratch / "d", scratch / "run"), folder);
  EXPECT_EQ(fs::last_write_time(folder / manifest_name), written);
  EXPECT_FALSE(fs::exists(scratch / "run"));
}

TEST(RowTableWriter, LeavesNothingWhenItIsAskedToStop) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(100));
  const TokenStore store(scratch / "d");
  const auto alone = make_single_comm();
  int asked = 0;
  const Thrown thrown = thrown_by(
      [&] { prepare_rows(store, length, scratch / "run", *alone, [&] { return ++asked > 50; }); });
  EXPECT_EQ(thrown.code, Exit::requeue);
  EXPECT_FALSE(fs::exists(rows_of(scratch / "d")));
}

TEST(RowTableWriter, TheSameTokensGiveTheSameBytes) {
  const Scratch scratch;
  for (const char* name : {"a", "b"}) {
    write_dataset(scratch / name, test_documents(100), {.sources = {"x", "y"}});
    prepare(scratch / name, scratch / "run");
  }
  EXPECT_EQ(bytes_of(rows_of(scratch / "a")), bytes_of(rows_of(scratch / "b")));
}

TEST(RowTableWriter, OtherTokensLeaveTheTableOfARunThatGoesOnAlone) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(100));
  const TokenStore before(scratch / "d");
  const fs::path folder = prepare(scratch / "d", scratch / "run");
  fs::remove_all(scratch / "d/tokens");
  write_dataset(scratch / "d", test_documents(101));
  const TokenStore after(scratch / "d");
  EXPECT_EQ(RowTable(prepare(scratch / "d", scratch / "run"), after, "train", length).num_tokens(),
            after.num_tokens("train"));
  EXPECT_EQ(RowTable(folder, before, "train", length).num_tokens(), before.num_tokens("train"));
}

TEST(RowTableWriter, ReplacesADamagedOrUnfinishedTable) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(100));
  const fs::path folder = prepare(scratch / "d", scratch / "run");
  const auto good = bytes_of(folder);
  flip_bit(folder / manifest_name, 100);
  prepare(scratch / "d", scratch / "run");
  EXPECT_EQ(bytes_of(folder), good);
  fs::remove(folder / manifest_name);
  fs::resize_file(folder / "train-00000.h5", 100);
  prepare(scratch / "d", scratch / "run");
  EXPECT_EQ(bytes_of(folder), good);
}

TEST(RowTableWriter, FullDiskLeavesNothing) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(100));
  {
    const FileSizeLimit limit(2000);
    EXPECT_EQ(thrown_by([&] { prepare(scratch / "d", scratch / "run"); }).code, Exit::storage);
  }
  EXPECT_FALSE(fs::exists(rows_of(scratch / "d")));
  prepare(scratch / "d", scratch / "run");
}

TEST(RowTableWriter, RunsThatStartTogetherShareOneTable) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(20000));
  std::vector<std::jthread> runs;
  for (int i = 0; i < 4; ++i) {
    runs.emplace_back([&] {
      const fs::path folder = prepare(scratch / "d", scratch / "run");
      EXPECT_EQ(folder, rows_of(scratch / "d"));
      EXPECT_GT(RowTable(folder, TokenStore(scratch / "d"), "train", length).num_rows(), 0);
    });
  }
}

TEST(RowTableWriter, EmptySplitHasNoRows) {
  const Scratch scratch;
  write_dataset(scratch / "d", {});
  const TokenStore store(scratch / "d");
  EXPECT_EQ(RowTable(prepare(scratch / "d", scratch / "run"), store, "train", length).num_rows(),
            0);
}

}  // namespace row_table_writer_test
}  // namespace switchyard
