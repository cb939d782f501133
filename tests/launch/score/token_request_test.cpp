#include "launch/score/token_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "launch/score/request_file.h"
#include "tests/io/scratch.h"

namespace switchyard::tasks {
namespace token_request_test {

using Tokens = std::vector<std::int32_t>;
using testing::HasSubstr;
using testing::ThrowsMessage;

// A token for each letter, and one for each of two pairs: "ab" and " c". The boundary is 0.
class PairTokenizer final : public Tokenizer {
 public:
  std::string kind() const override { return "pairs"; }
  std::int64_t vocabulary() const override { return 300; }
  std::int32_t boundary() const override { return 0; }
  std::int32_t unknown() const override { return -1; }
  Tokens encode(std::string_view text) const override {
    Tokens tokens;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::string_view pair = text.substr(i, 2);
      const std::int32_t token = pair == "ab"     ? 256
                                 : pair == " c"   ? 257
                                 : text[i] == '#' ? 0
                                                  : text[i];
      i += token > 255 ? 1 : 0;
      tokens.push_back(token);
    }
    return tokens;
  }
  std::string decode(std::span<const std::int32_t>) const override { return ""; }
  std::string hash() const override { return ""; }
  std::string serialized() const override { return ""; }
};

TokenRequest encoded(const std::string& context, const std::string& continuation,
                     std::int64_t max_length = 100) {
  const PairTokenizer tokenizer;
  return RequestEncoder(tokenizer, max_length).encode(context, continuation, "here");
}

void expect(const TokenRequest& found, const Tokens& tokens, std::int64_t first, bool joined,
            bool cut) {
  EXPECT_EQ(found.request.tokens, tokens);
  EXPECT_EQ(found.request.first, first);
  EXPECT_EQ(found.joined, joined);
  EXPECT_EQ(found.cut, cut);
}

TEST(TokenRequest, ContinuesTheContext) {
  expect(encoded("xy", " c"), {0, 'x', 'y', 257}, 3, false, false);
}

TEST(TokenRequest, WhiteSpaceMovesToTheContinuation) {
  expect(encoded("xy ", "cd"), {0, 'x', 'y', 257, 'd'}, 3, false, false);
  expect(encoded("x\n ", "z"), {0, 'x', '\n', ' ', 'z'}, 2, false, false);
}

TEST(TokenRequest, AnEmptyContextIsTheBoundary) {
  expect(encoded("", "x"), {0, 'x'}, 1, false, false);
  expect(encoded(" ", "c"), {0, 257}, 1, false, false);
}

TEST(TokenRequest, TheBoundaryComesOnce) {
  expect(encoded("#x", "y"), {0, 'x', 'y'}, 2, false, false);
  expect(encoded("", "#y"), {0, 'y'}, 1, false, false);
}

TEST(TokenRequest, ATokenThatSpansTheJoinIsSeen) {
  // The whole text is "ab" "d"; the context alone "a": what follows one token is "d".
  expect(encoded("a", "bd"), {0, 'a', 'd'}, 2, true, false);
  // Nothing is left of the whole text: the continuation alone.
  expect(encoded("a", "b"), {0, 'a', 'b'}, 2, true, false);
}

TEST(TokenRequest, IsCutAtItsBeginning) {
  expect(encoded("pqrs", "tu", 4), {'q', 'r', 's', 't', 'u'}, 3, false, true);
  expect(encoded("pqrs", "tu", 2), {'s', 't', 'u'}, 1, false, true);
  expect(encoded("pqrs", "tu", 6), {0, 'p', 'q', 'r', 's', 't', 'u'}, 5, false, false);
}

TEST(TokenRequest, WithoutAContinuationOrWithATooLongOneIsAnError) {
  EXPECT_THAT([] { encoded("x", ""); },
              ThrowsMessage<Error>(HasSubstr("here: the continuation is empty")));
  EXPECT_THAT([] { encoded("x", "yyy", 2); },
              ThrowsMessage<Error>(HasSubstr("has 3 tokens, more than the 2")));
}

TEST(TokenRequest, OneEncoderKeepsNoContextForAnother) {
  const PairTokenizer tokenizer;
  RequestEncoder encoder(tokenizer, 100);
  EXPECT_EQ(encoder.encode("x", "y", "").request.tokens, (Tokens{0, 'x', 'y'}));
  EXPECT_EQ(encoder.encode("x", "z", "").request.tokens, (Tokens{0, 'x', 'z'}));
  EXPECT_EQ(encoder.encode("", "z", "").request.tokens, (Tokens{0, 'z'}));
}

// As lm-eval's get_rolling_token_windows with a context of one token.
TEST(TokenRequest, AWholeTextIsAskedForInParts) {
  const PairTokenizer tokenizer;
  const RequestEncoder encoder(tokenizer, 4);
  const std::vector<ScoreRequest> parts = encoder.rolling("qrstuvwxyz");
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0].tokens, (Tokens{0, 'q', 'r', 's', 't'}));
  EXPECT_EQ(parts[0].first, 1);
  EXPECT_EQ(parts[1].tokens, (Tokens{'t', 'u', 'v', 'w', 'x'}));
  EXPECT_EQ(parts[1].first, 1);
  EXPECT_EQ(parts[2].tokens, (Tokens{'v', 'w', 'x', 'y', 'z'}));
  EXPECT_EQ(parts[2].first, 3);
  EXPECT_TRUE(encoder.rolling("").empty());
}

TEST(RequestFile, AnswersEachLineInOrder) {
  const Scratch scratch;
  const std::filesystem::path file = scratch.path() / "requests.jsonl";
  std::ofstream(file) << R"({"context": "a", "continuation": "b"})"
                      << "\n"
                      << R"({"text": "qrstuv"})"
                      << "\n"
                      << R"({"context": "xyzuvw", "continuation": " c", "id": 4})"
                      << "\n";
  const PairTokenizer tokenizer;
  RequestEncoder encoder(tokenizer, 4);
  RequestFile requests(file);
  EXPECT_EQ(requests.encode(encoder).size(), 4U);
  EXPECT_EQ(requests.num_joined(), 1);
  EXPECT_EQ(requests.num_cut(), 1);
  const std::vector<Score> scores = {{-1.5, true}, {-2.0, true}, {-0.25, false}, {-3.0, false}};
  EXPECT_EQ(requests.answers(scores),
            "{\"logprob\":-1.5,\"greedy\":true,\"tokens\":1}\n"
            "{\"logprob\":-2.25,\"tokens\":6}\n"
            "{\"logprob\":-3.0,\"greedy\":false,\"tokens\":1}\n");
}

TEST(RequestFile, ALineThatIsNoRequestIsAnError) {
  const Scratch scratch;
  const std::filesystem::path file = scratch.path() / "requests.jsonl";
  std::ofstream(file) << R"({"text": "x"})"
                      << "\n"
                      << R"({"context": "x"})"
                      << "\n";
  EXPECT_THAT(
      [&] { RequestFile{file}; },
      ThrowsMessage<Error>(HasSubstr("requests.jsonl, line 2: the field continuation is missing")));
}

}  // namespace token_request_test
}  // namespace switchyard::tasks
