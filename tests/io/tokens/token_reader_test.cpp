#include "io/tokens/token_reader.h"

#include <gtest/gtest.h>

#include "tests/io/dataset.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace token_reader_test {

std::vector<std::int32_t> read(TokenReader& reader, std::int64_t begin, std::int64_t count) {
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(count));
  reader.read(begin, tokens);
  return tokens;
}

class TokenReaderTest : public testing::TestWithParam<Access> {
 protected:
  TokenReader reader() { return {TokenStore(scratch_ / "d"), "train", GetParam()}; }
  Scratch scratch_;
};

TEST_P(TokenReaderTest, GivesBackWhatWasWritten) {
  write_dataset(scratch_ / "d", test_documents(50));
  TokenReader tokens = reader();
  const auto expected = stream_of(test_documents(50));
  EXPECT_EQ(tokens.num_tokens(), std::ssize(expected));
  EXPECT_EQ(read(tokens, 0, std::ssize(expected)), expected);
}

TEST_P(TokenReaderTest, ReadsAcrossShards) {
  write_dataset(scratch_ / "d", test_documents(50), {.shard_tokens = 100});
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "d/tokens/train-3.h5"));
  TokenReader tokens = reader();
  const auto expected = stream_of(test_documents(50));
  for (std::int64_t begin = 0; begin + 250 < std::ssize(expected); begin += 41) {
    const std::vector<std::int32_t> part(expected.begin() + begin, expected.begin() + begin + 250);
    EXPECT_EQ(read(tokens, begin, 250), part);
  }
}

TEST_P(TokenReaderTest, ReadsMoreShardsThanItKeepsOpen) {
  const TestDocuments documents(ChunkReader::max_open_files + 10, {1, 2, 3});
  write_dataset(scratch_ / "d", documents, {.shard_tokens = 1});
  TokenReader tokens = reader();
  const auto expected = stream_of(documents);
  for (int times = 0; times < 2; ++times) {
    EXPECT_EQ(read(tokens, 0, std::ssize(expected)), expected);
  }
}

TEST_P(TokenReaderTest, ReadsFourByteTokens) {
  write_dataset(scratch_ / "d", {{70000, 1}}, {.vocabulary = 70001});
  TokenReader tokens = reader();
  EXPECT_EQ(read(tokens, 0, 3), (std::vector<std::int32_t>{test_boundary, 70000, 1}));
}

TEST_P(TokenReaderTest, TokensBeyondTheVocabularyAreRefused) {
  write_dataset(scratch_ / "d", {{300}}, {.vocabulary = 400, .stated_vocabulary = 290});
  TokenReader tokens = reader();
  const Thrown thrown = thrown_by([&] { read(tokens, 0, 1); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("token 300"), std::string::npos) << thrown.message;
}

TEST_P(TokenReaderTest, FourByteTokensBeyondTheVocabularyAreRefused) {
  write_dataset(scratch_ / "d", {{80000}}, {.vocabulary = 80001, .stated_vocabulary = 70000});
  TokenReader tokens = reader();
  EXPECT_EQ(thrown_by([&] { read(tokens, 0, 1); }).code, Exit::data);
}

TEST_P(TokenReaderTest, NothingIsReadBeyondTheEnd) {
  write_dataset(scratch_ / "d", {{1}});
  TokenReader tokens = reader();
  EXPECT_EQ(thrown_by([&] { read(tokens, 0, 3); }).code, Exit::internal);
  EXPECT_EQ(thrown_by([&] { read(tokens, -1, 1); }).code, Exit::internal);
}

INSTANTIATE_TEST_SUITE_P(Access, TokenReaderTest, testing::Values(Access::pread, Access::mmap),
                         [](const auto& access) {
                           return access.param == Access::pread ? "pread" : "mmap";
                         });

}  // namespace token_reader_test
}  // namespace switchyard
