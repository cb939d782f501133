#include "io/loader/document_spans.h"

#include <gtest/gtest.h>

#include "io/folder/hdf5.h"
#include "tests/io/dataset.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace document_spans_test {

std::vector<Piece> spans_of(const std::filesystem::path& dataset, std::int32_t source) {
  std::vector<Piece> spans;
  DocumentSpans(TokenStore(dataset), "train").for_each_of(source, [&](const Piece& document) {
    spans.push_back(document);
  });
  return spans;
}

TEST(DocumentSpans, CountTheBoundary) {
  const Scratch scratch;
  write_dataset(scratch / "d", {{1, 2}, {}, {3}});
  EXPECT_EQ(spans_of(scratch / "d", 0), (std::vector<Piece>{{0, 3}, {3, 1}, {4, 2}}));
}

TEST(DocumentSpans, GoOnFromShardToShard) {
  const Scratch scratch;
  const TestDocuments documents = test_documents(200);
  write_dataset(scratch / "d", documents, {.shard_tokens = 100});
  std::int64_t end = 0;
  const std::vector<Piece> spans = spans_of(scratch / "d", 0);
  ASSERT_EQ(spans.size(), documents.size());
  for (std::size_t i = 0; i < spans.size(); ++i) {
    EXPECT_EQ(spans[i], (Piece{end, std::ssize(documents[i]) + 1}));
    end += spans[i].length;
  }
}

TEST(DocumentSpans, AreThoseOfTheSource) {
  const Scratch scratch;
  write_dataset(scratch / "d", {{1, 2}, {}, {3}, {4, 5, 6}},
                {.shard_tokens = 1, .sources = {"a", "b", "c"}});
  EXPECT_EQ(spans_of(scratch / "d", 0), (std::vector<Piece>{{0, 3}, {6, 4}}));
  EXPECT_EQ(spans_of(scratch / "d", 1), (std::vector<Piece>{{3, 1}}));
  EXPECT_EQ(spans_of(scratch / "d", 2), (std::vector<Piece>{{4, 2}}));
}

// A committed dataset of one shard whose offsets and sources are these.
void write_offsets(const std::filesystem::path& dataset, const std::vector<std::int64_t>& offsets,
                   const std::vector<std::uint16_t>& sources) {
  const std::filesystem::path folder = dataset / tokens_folder;
  std::filesystem::create_directories(folder);
  const std::vector<std::uint16_t> tokens(10, 1);
  Hdf5Writer file(folder / "train-0.h5", token_chunk_bytes);
  file.write("tokens", "u16", {10}, tokens.data());
  file.write("document_offsets", "i64", {std::ssize(offsets)}, offsets.data());
  file.write("document_sources", "u16", {std::ssize(sources)}, sources.data());
  const nlohmann::json tokenizer = {
      {"kind", "bytes"}, {"vocabulary", 257}, {"boundary", 256}, {"hash", "0"}};
  nlohmann::json meta = {{"tokenizer", tokenizer}, {"sources", {{{"name", "text"}}}}};
  meta["splits"]["train"] = {{"tokens", 10}, {"documents", 2}, {"shards", {"train-0.h5"}}};
  const auto alone = make_single_comm();
  commit_folder(folder, tokens_kind, tokens_version, {file.finish()}, meta, *alone);
}

TEST(DocumentSpans, OffsetsThatCannotBeAreRefused) {
  const std::vector<std::vector<std::int64_t>> offsets = {
      {1, 5, 10}, {0, 5, 9}, {0, 0, 10}, {0, 11, 10}, {0, -1, 10}, {0, 10}, {0, 3, 5, 10}};
  for (const auto& wrong : offsets) {
    const Scratch scratch;
    write_offsets(scratch / "d", wrong, {0, 0});
    EXPECT_EQ(thrown_by([&] { spans_of(scratch / "d", 0); }).code, Exit::data)
        << testing::PrintToString(wrong);
  }
  const Scratch scratch;
  write_offsets(scratch / "d", {0, 5, 10}, {0, 0});
  EXPECT_EQ(spans_of(scratch / "d", 0), (std::vector<Piece>{{0, 5}, {5, 5}}));
}

TEST(DocumentSpans, UnknownSourcesAndWrongCountsAreRefused) {
  const Scratch scratch;
  write_offsets(scratch / "source", {0, 5, 10}, {0, 1});
  EXPECT_EQ(thrown_by([&] { spans_of(scratch / "source", 0); }).code, Exit::data);
  write_offsets(scratch / "count", {0, 10}, {0});
  EXPECT_EQ(thrown_by([&] { spans_of(scratch / "count", 0); }).code, Exit::data);
}

TEST(DocumentSpans, FlippedBitIsFound) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(50));
  const FileEntry file = open_folder(scratch / "d/tokens", tokens_kind, tokens_version).files.at(0);
  flip_bit(scratch / "d/tokens" / file.name, file.extents.at(1).offset + 9);
  const Thrown thrown = thrown_by([&] { spans_of(scratch / "d", 0); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("chunk 0 of 'document_offsets'"), std::string::npos)
      << thrown.message;
}

}  // namespace document_spans_test
}  // namespace switchyard
