#include "io/token_store.h"

#include <gtest/gtest.h>

#include "tests/io/dataset.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

std::vector<std::int32_t> read(TokenStore& store, std::int64_t begin, std::int64_t count) {
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(count));
  store.read("train", begin, tokens);
  return tokens;
}

// Where the tokens of train-00000.h5 start in the file.
std::int64_t offset_of_tokens(const fs::path& folder) {
  return open_folder(folder, dataset_kind, dataset_version).files.at(0).extents.at(0).offset;
}

const std::vector<std::int32_t> long_document(200000, 7);

TEST(TokenStore, GivesBackWhatWasWritten) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(50));
  TokenStore store(scratch / "d");
  const auto expected = stream_of(test_documents(50));
  EXPECT_EQ(store.num_tokens("train"), std::ssize(expected));
  EXPECT_EQ(store.num_documents("train"), 50);
  EXPECT_EQ(read(store, 0, std::ssize(expected)), expected);
}

TEST(TokenStore, ReadsAcrossShards) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(50), {.shard_bytes = 200});
  EXPECT_TRUE(fs::exists(scratch / "d/train-00003.h5"));
  TokenStore store(scratch / "d");
  const auto expected = stream_of(test_documents(50));
  for (std::int64_t begin = 0; begin + 150 < std::ssize(expected); begin += 41) {
    const std::vector<std::int32_t> part(expected.begin() + begin, expected.begin() + begin + 150);
    EXPECT_EQ(read(store, begin, 150), part);
  }
}

TEST(TokenStore, ShardsHoldWholeDocuments) {
  const Scratch scratch;
  write_dataset(scratch / "d", {std::vector<std::int32_t>(300, 1), {2}, {3}}, {.shard_bytes = 100});
  TokenStore store(scratch / "d");
  const Manifest manifest = open_folder(scratch / "d", dataset_kind, dataset_version);
  EXPECT_EQ(manifest.files.at(0).extents.at(0).shape.at(0), 301);
  EXPECT_EQ(manifest.files.at(1).extents.at(0).shape.at(0), 4);
}

TEST(TokenStore, LargeVocabulariesTakeFourBytes) {
  const Scratch scratch;
  write_dataset(scratch / "d", {{70000, 1}}, {.vocabulary = 70001});
  TokenStore store(scratch / "d");
  EXPECT_EQ(read(store, 0, 3), (std::vector<std::int32_t>{test_boundary, 70000, 1}));
}

TEST(TokenStore, FlippedBitIsFoundAtFirstTouch) {
  const Scratch scratch;
  write_dataset(scratch / "d", {long_document});
  flip_bit(scratch / "d/train-00000.h5",
           offset_of_tokens(scratch / "d") + 3 * token_chunk_bytes + 5);
  TokenStore store(scratch / "d");
  EXPECT_EQ(read(store, 0, 10).at(1), 7);  // another chunk
  const Thrown thrown = thrown_by([&] { read(store, 3 * token_chunk_bytes / 2 + 100, 10); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("train-00000.h5"), std::string::npos);
  EXPECT_NE(thrown.message.find("chunk 3"), std::string::npos) << thrown.message;
}

TEST(TokenStore, ChunkIsCheckedOnce) {
  const Scratch scratch;
  write_dataset(scratch / "d", {long_document});
  TokenStore store(scratch / "d");
  read(store, 0, 10);
  flip_bit(scratch / "d/train-00000.h5", offset_of_tokens(scratch / "d") + 20000);
  EXPECT_EQ(read(store, 0, 10).at(1), 7);
}

TEST(TokenStore, TokensBeyondTheVocabularyAreRefused) {
  const Scratch scratch;
  write_dataset(scratch / "d", {{300}}, {.vocabulary = 400, .stated_vocabulary = 290});
  TokenStore store(scratch / "d");
  EXPECT_EQ(thrown_by([&] { read(store, 0, 1); }).code, Exit::data);
}

TEST(TokenStore, TruncatedDatasetIsRefused) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(50));
  const fs::path file = scratch / "d/train-00000.h5";
  fs::resize_file(file, fs::file_size(file) - 1);
  const Thrown thrown = thrown_by([&] { TokenStore store(scratch / "d"); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("train-00000.h5"), std::string::npos) << thrown.message;
}

TEST(TokenStore, MissingShardIsRefused) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(50));
  fs::remove(scratch / "d/validation-00000.h5");
  EXPECT_EQ(thrown_by([&] { TokenStore store(scratch / "d"); }).code, Exit::data);
}

TEST(TokenStore, FolderWithoutManifestIsNoDataset) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(50));
  fs::remove(scratch / "d" / manifest_name);
  EXPECT_EQ(thrown_by([&] { TokenStore store(scratch / "d"); }).code, Exit::data);
  EXPECT_EQ(thrown_by([&] { TokenStore store(scratch / "nowhere"); }).code, Exit::data);
}

TEST(TokenStore, FolderOfAnotherKindIsRefused) {
  const Scratch scratch;
  const auto alone = make_single_comm();
  commit_folder(scratch.path(), "checkpoint", 0, {}, {}, *alone);
  EXPECT_EQ(thrown_by([&] { TokenStore store(scratch.path()); }).code, Exit::data);
}

TEST(TokenStore, ManifestThatLacksOrTwistsFactsIsRefused) {
  const auto alone = make_single_comm();
  const nlohmann::json tokenizer = {
      {"kind", "bytes"}, {"vocabulary", 257}, {"boundary", 256}, {"hash", "0"}};
  nlohmann::json missing_shard, bad_count, bad_type;
  missing_shard["train"] = {{"tokens", 1}, {"documents", 1}, {"shards", {"train-00000.h5"}}};
  bad_count["train"] = {{"tokens", 1}, {"documents", 1}, {"shards", nlohmann::json::array()}};
  bad_type["train"] = {{"tokens", "many"}, {"documents", 1}, {"shards", nlohmann::json::array()}};
  const nlohmann::json metas[] = {nlohmann::json::object(),
                                  {{"tokenizer", tokenizer}},
                                  {{"tokenizer", tokenizer}, {"splits", missing_shard}},
                                  {{"tokenizer", tokenizer}, {"splits", bad_count}},
                                  {{"tokenizer", tokenizer}, {"splits", bad_type}}};
  for (const nlohmann::json& meta : metas) {
    const Scratch scratch;
    commit_folder(scratch.path(), dataset_kind, dataset_version, {}, meta, *alone);
    EXPECT_EQ(thrown_by([&] { TokenStore store(scratch.path()); }).code, Exit::data) << meta;
  }
}

TEST(TokenStore, TokenizerComesBack) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(5));
  TokenStore store(scratch / "d");
  EXPECT_EQ(store.tokenizer()->hash(), store.tokenizer_hash());
}

}  // namespace
}  // namespace switchyard
