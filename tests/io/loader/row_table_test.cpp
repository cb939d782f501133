#include "io/loader/row_table.h"

#include <gtest/gtest.h>

#include "io/folder/hdf5.h"
#include "io/loader/row_table_writer.h"
#include "tests/io/dataset.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace row_table_test {

namespace fs = std::filesystem;

constexpr std::int64_t length = 16;

class RowTableTest : public testing::Test {
 protected:
  RowTableTest() {
    write_dataset(scratch_ / "d", documents_, {.shard_tokens = 300, .sources = {"a", "b", "c"}});
    store_.emplace(scratch_ / "d");
    write_rows(rows_, *store_, length);
  }
  RowTable table() { return {rows_, *store_, "train", length}; }

  Scratch scratch_;
  TestDocuments documents_ = test_documents(100);
  std::optional<TokenStore> store_;
  fs::path rows_ = scratch_ / "rows";
};

TEST_F(RowTableTest, RowsHoldEveryTokenOnce) {
  RowTable rows = table();
  EXPECT_EQ(rows.num_tokens(), store_->num_tokens("train"));
  EXPECT_GE(rows.num_rows(), rows.min_rows());
  std::vector<int> seen(static_cast<std::size_t>(rows.num_tokens()));
  for (std::int64_t row = 0; row < rows.num_rows(); ++row) {
    std::int64_t tokens = 0;
    for (const Piece& piece : rows.pieces(row)) {
      tokens += piece.length;
      for (std::int64_t i = 0; i < piece.length; ++i) {
        ++seen[static_cast<std::size_t>(piece.start + i)];
      }
    }
    EXPECT_EQ(tokens, rows.tokens_of(row));
  }
  EXPECT_EQ(seen, std::vector<int>(seen.size(), 1));
}

TEST_F(RowTableTest, RowsPackedInMemoryAreThoseOfTheTable) {
  RowTable file = table(), memory(*store_, "train", length);
  EXPECT_EQ(memory.num_tokens(), file.num_tokens());
  EXPECT_EQ(memory.min_rows(), file.min_rows());
  EXPECT_EQ(memory.source_rows(), file.source_rows());
  ASSERT_EQ(memory.num_rows(), file.num_rows());
  for (std::int64_t row = 0; row < file.num_rows(); ++row) {
    EXPECT_EQ(memory.tokens_of(row), file.tokens_of(row));
    const auto a = memory.pieces(row), b = file.pieces(row);
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
  }
}

TEST_F(RowTableTest, RowsOfOneSourceAreContiguous) {
  std::vector<std::int32_t> source_of_token;
  for (std::size_t i = 0; i < documents_.size(); ++i) {
    source_of_token.insert(source_of_token.end(), documents_[i].size() + 1,
                           static_cast<std::int32_t>(i % 3));
  }
  RowTable rows = table();
  std::int64_t row = 0;
  for (std::int32_t source = 0; source < 3; ++source) {
    for (std::int64_t i = 0; i < rows.source_rows()[static_cast<std::size_t>(source)]; ++i) {
      for (const Piece& piece : rows.pieces(row++)) {
        EXPECT_EQ(source_of_token[static_cast<std::size_t>(piece.start)], source);
      }
    }
  }
  EXPECT_EQ(row, rows.num_rows());
}

TEST_F(RowTableTest, TableOfOtherTokensOrLengthIsRefused) {
  EXPECT_EQ(thrown_by([&] { RowTable(rows_, *store_, "train", 15); }).code, Exit::data);
  write_dataset(scratch_ / "other", test_documents(99));
  const TokenStore other(scratch_ / "other");
  EXPECT_EQ(thrown_by([&] { RowTable(rows_, other, "train", length); }).code, Exit::data);
}

TEST_F(RowTableTest, FlippedBitIsFoundAtFirstTouch) {
  const Manifest manifest = open_folder(rows_, rows_kind, rows_version);
  for (const Extent& extent : manifest.files.at(0).extents) {
    const fs::path file = rows_ / manifest.files[0].name;
    flip_bit(file, extent.offset + 1);
    RowTable rows = table();
    const Thrown thrown = thrown_by([&] {
      rows.tokens_of(0);
      rows.pieces(0);
    });
    EXPECT_EQ(thrown.code, Exit::data);
    EXPECT_NE(thrown.message.find("chunk 0 of '" + extent.name + "'"), std::string::npos)
        << thrown.message;
    flip_bit(file, extent.offset + 1);
  }
}

TEST_F(RowTableTest, NoRowBeyondTheLast) {
  RowTable rows = table();
  EXPECT_EQ(thrown_by([&] { rows.pieces(rows.num_rows()); }).code, Exit::internal);
  EXPECT_EQ(thrown_by([&] { rows.tokens_of(-1); }).code, Exit::internal);
}

// Well-formed and hashed, and yet nonsense.
struct Nonsense {
  std::vector<std::int64_t> first_piece, pieces;
  std::vector<std::int32_t> tokens;
};

TEST_F(RowTableTest, RowsThatCannotBeAreRefused) {
  const auto end = store_->num_tokens("train");
  const Nonsense nonsense[] = {
      {{0, 2}, {0, 3}, {3}},   {{1, 1}, {0, 3}, {3}},        {{-1, 1}, {0, 3}, {3}},
      {{0, 1}, {end, 1}, {1}}, {{0, 1}, {-1, 3}, {3}},       {{0, 1}, {0, 17}, {17}},
      {{0, 1}, {0, 0}, {0}},   {{0, 2}, {0, 9, 9, 9}, {18}}, {{0, 1}, {0, 1L << 62}, {-1}}};
  const auto alone = make_single_comm();
  for (const Nonsense& rows : nonsense) {
    const Scratch scratch;
    Hdf5Writer file(scratch / "train-0.h5", row_chunk_bytes);
    file.write("row_first_piece", "i64", {2}, rows.first_piece.data());
    file.write("row_tokens", "i32", {1}, rows.tokens.data());
    file.write("pieces", "i64", {std::ssize(rows.pieces) / 2, 2}, rows.pieces.data());
    nlohmann::json meta = {{"tokens_hash", store_->hash()}, {"sequence_length", length}};
    meta["splits"]["train"] = {{"rows", 1},
                               {"tokens", end},
                               {"least_rows", 1},
                               {"source_rows", {1, 0, 0}},
                               {"files", {"train-0.h5"}}};
    commit_folder(scratch.path(), rows_kind, rows_version, {file.finish()}, meta, *alone);
    RowTable table(scratch.path(), *store_, "train", length);
    EXPECT_EQ(thrown_by([&] { table.pieces(0); }).code, Exit::data)
        << testing::PrintToString(rows.pieces);
  }
}

TEST_F(RowTableTest, ManifestThatLacksOrTwistsFactsIsRefused) {
  const auto alone = make_single_comm();
  const nlohmann::json good = open_folder(rows_, rows_kind, rows_version).meta;
  const std::pair<const char*, nlohmann::json> changes[] = {
      {"/tokens_hash", 3},
      {"/sequence_length", "long"},
      {"/splits", 3},
      {"/splits/train", nlohmann::json::object()},
      {"/splits/train/files", {"nowhere.h5"}},
      {"/splits/train/files", {1}},
      {"/splits/train/files", nlohmann::json::array()},
      {"/splits/train/tokens", 1},
      {"/splits/train/source_rows", {1}},
      {"/splits/train/source_rows", {-1, 1, 0}}};
  for (const auto& [where, value] : changes) {
    const Scratch scratch;
    nlohmann::json meta = good;
    meta[nlohmann::json::json_pointer(where)] = value;
    Manifest manifest = open_folder(rows_, rows_kind, rows_version);
    for (const FileEntry& file : manifest.files) {
      fs::copy_file(rows_ / file.name, scratch / file.name);
    }
    commit_folder(scratch.path(), rows_kind, rows_version, manifest.files, meta, *alone);
    EXPECT_EQ(thrown_by([&] { RowTable(scratch.path(), *store_, "train", length); }).code,
              Exit::data)
        << where;
  }
}

}  // namespace row_table_test
}  // namespace switchyard
