#include "io/tokens/token_store.h"

#include <gtest/gtest.h>

#include "tests/io/dataset.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace token_store_test {

namespace fs = std::filesystem;

TEST(TokenStore, SaysWhatTheManifestSays) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(50), {.sources = {"web", "code"}});
  const TokenStore store(scratch / "d");
  EXPECT_EQ(store.num_tokens("train"), std::ssize(stream_of(test_documents(50))));
  EXPECT_EQ(store.num_documents("validation"), 50);
  EXPECT_EQ(store.vocabulary(), test_vocabulary);
  EXPECT_EQ(store.boundary_token(), test_boundary);
  EXPECT_EQ(store.sources(), (std::vector<std::string>{"web", "code"}));
  EXPECT_FALSE(store.has_split("test"));
}

// write_dataset writes no counts of sources.
TEST(TokenStore, OldDatasetOfBytesStillKnowsHowManyItHas) {
  const Scratch scratch;
  write_dataset(scratch / "d", {{1, 2}, {3}});
  const TokenStore store(scratch / "d");
  EXPECT_TRUE(store.source_counts("train").empty());
  EXPECT_EQ(store.num_text_bytes("train"), 3);
}

TEST(TokenStore, HashIsOfTheContentAlone) {
  const Scratch scratch;
  write_dataset(scratch / "a", test_documents(50));
  write_dataset(scratch / "b", test_documents(50));
  write_dataset(scratch / "other_tokens", test_documents(51));
  write_dataset(scratch / "other_sources", test_documents(50), {.sources = {"a", "b"}});
  const std::string hash = TokenStore(scratch / "a").hash();
  EXPECT_EQ(TokenStore(scratch / "b").hash(), hash);
  EXPECT_NE(TokenStore(scratch / "other_tokens").hash(), hash);
  EXPECT_NE(TokenStore(scratch / "other_sources").hash(), hash);
}

TEST(TokenStore, TruncatedShardIsRefused) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(50));
  const fs::path file = scratch / "d/tokens/train-0.h5";
  fs::resize_file(file, fs::file_size(file) - 1);
  const Thrown thrown = thrown_by([&] { TokenStore store(scratch / "d"); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("train-0.h5"), std::string::npos) << thrown.message;
}

TEST(TokenStore, MissingShardIsRefused) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(50));
  fs::remove(scratch / "d/tokens/validation-0.h5");
  EXPECT_EQ(thrown_by([&] { TokenStore store(scratch / "d"); }).code, Exit::data);
}

TEST(TokenStore, FolderWithoutManifestIsNoDataset) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(50));
  fs::remove(scratch / "d" / tokens_folder / manifest_name);
  for (const char* name : {"d", "nowhere"}) {
    const Thrown thrown = thrown_by([&] { TokenStore store(scratch / name); });
    EXPECT_EQ(thrown.code, Exit::data);
    EXPECT_NE(thrown.message.find("switchyard prepare"), std::string::npos) << thrown.message;
  }
}

TEST(TokenStore, OlderLayoutIsToBePreparedAgain) {
  const Scratch scratch;
  const auto alone = make_single_comm();
  commit_folder(scratch.path(), "dataset", 0, {}, {}, *alone);
  const Thrown thrown = thrown_by([&] { TokenStore store(scratch.path()); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("`switchyard prepare` again"), std::string::npos) << thrown.message;
}

TEST(TokenStore, ManifestThatLacksOrTwistsFactsIsRefused) {
  const auto alone = make_single_comm();
  const nlohmann::json tokenizer = {
      {"kind", "bytes"}, {"vocabulary", 257}, {"boundary", 256}, {"hash", "0"}};
  const nlohmann::json sources = {{{"name", "text"}, {"licence", "unknown"}}};
  nlohmann::json missing_shard, bad_count, bad_type;
  missing_shard["train"] = {{"tokens", 1}, {"documents", 1}, {"shards", {"train-0.h5"}}};
  bad_count["train"] = {{"tokens", 1}, {"documents", 1}, {"shards", nlohmann::json::array()}};
  bad_type["train"] = {{"tokens", "many"}, {"documents", 1}, {"shards", nlohmann::json::array()}};
  const nlohmann::json metas[] = {
      nlohmann::json::object(),
      {{"tokenizer", tokenizer}},
      {{"tokenizer", tokenizer}, {"sources", sources}},
      {{"tokenizer", tokenizer}, {"sources", {1, 2}}, {"splits", nlohmann::json::object()}},
      {{"tokenizer", tokenizer}, {"sources", sources}, {"splits", missing_shard}},
      {{"tokenizer", tokenizer}, {"sources", sources}, {"splits", bad_count}},
      {{"tokenizer", tokenizer}, {"sources", sources}, {"splits", bad_type}}};
  for (const nlohmann::json& meta : metas) {
    const Scratch scratch;
    fs::create_directory(scratch / tokens_folder);
    commit_folder(scratch / tokens_folder, tokens_kind, tokens_version, {}, meta, *alone);
    EXPECT_EQ(thrown_by([&] { TokenStore store(scratch.path()); }).code, Exit::data) << meta;
  }
}

TEST(TokenStore, TokenizerComesBack) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(5));
  const TokenStore store(scratch / "d");
  EXPECT_EQ(store.tokenizer()->hash(), store.tokenizer_hash());
}

}  // namespace token_store_test
}  // namespace switchyard
