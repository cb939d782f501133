#include "io/tokens/tokenizer.h"

#include <gtest/gtest.h>
#include <sentencepiece_trainer.h>

#include <random>
#include <unordered_map>

#include "tests/io/scratch.h"

namespace switchyard {
namespace tokenizer_test {

const std::vector<std::string>& documents() {
  static const std::vector<std::string> texts = [] {
    std::vector<std::string> made;
    for (int i = 0; i < 200; ++i) {
      made.push_back("The train number " + std::to_string(i) +
                     " leaves the switching yard.\n\n    if (track) depart();\n" +
                     (i % 3 ? "Signals turn green, then red." : "Wagons wait on the siding.") +
                     "\n");
    }
    return made;
  }();
  return texts;
}

const std::string& trained_model() {
  static const std::string model = train_sentencepiece(documents(), 400);
  return model;
}

class EachTokenizer : public testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<Tokenizer> tokenizer_ =
      make_tokenizer(GetParam(), GetParam() == std::string("sentencepiece") ? trained_model() : "");

  void expect_round_trip(const std::string& text) {
    const auto tokens = tokenizer_->encode(text);
    for (const std::int32_t token : tokens) {
      EXPECT_NE(token, tokenizer_->boundary());
      EXPECT_GE(token, 0);
      EXPECT_LT(token, tokenizer_->vocabulary());
    }
    EXPECT_EQ(tokenizer_->decode(tokens), text);
  }
};

INSTANTIATE_TEST_SUITE_P(Tokenizer, EachTokenizer, testing::Values("bytes", "sentencepiece"),
                         [](const auto& parameter) { return std::string(parameter.param); });

std::string utf8(char32_t c) {
  std::string text;
  const auto add = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xC0 | c >> 6), add(0x80 | (c & 63));
  } else if (c < 0x10000) {
    add(0xE0 | c >> 12), add(0x80 | (c >> 6 & 63)), add(0x80 | (c & 63));
  } else {
    add(0xF0 | c >> 18), add(0x80 | (c >> 12 & 63)), add(0x80 | (c >> 6 & 63)),
        add(0x80 | (c & 63));
  }
  return text;
}

TEST_P(EachTokenizer, RandomTextComesBack) {
  std::mt19937 random(5);
  const char32_t limits[] = {0x80, 0x80, 0x800, 0x10000, 0x110000};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (auto length = random() % 80; length > 0; --length) {
      const auto c = static_cast<char32_t>(random() % limits[random() % 5]);
      if (c < 0xD800 || c > 0xDFFF) text += utf8(c);
    }
    expect_round_trip(text);
  }
}

TEST_P(EachTokenizer, AwkwardTextComesBack) {
  expect_round_trip("");
  expect_round_trip(" ");
  expect_round_trip("  two  spaces \n\n\t tab\r\n ");
  expect_round_trip(std::string("nul \0 byte", 10));
  expect_round_trip("\xE2\x96\x81 the space symbol\xE2\x96\x81\xE2\x96\x81");
  expect_round_trip("<document><unk><0x41> \xE2\x96\x85 \xE2\x81\x87 \xEF\xBF\xBD");
  for (const std::string& text : documents()) expect_round_trip(text);
}

TEST_P(EachTokenizer, LongTextWithoutSpacesComesBack) {
  std::string text;
  while (text.size() < (std::size_t{3} << 20)) text += "\xE6\xBC\xA2";
  expect_round_trip(text);
}

TEST_P(EachTokenizer, BoundaryAndUnknownIdsDecodeToNothing) {
  const std::int32_t far = static_cast<std::int32_t>(tokenizer_->vocabulary());
  EXPECT_EQ(tokenizer_->decode(std::vector<std::int32_t>{tokenizer_->boundary(), -1, far}), "");
}

TEST_P(EachTokenizer, SerializedFormMakesTheSameTokenizer) {
  const auto again = make_tokenizer(tokenizer_->kind(), tokenizer_->serialized());
  EXPECT_EQ(again->hash(), tokenizer_->hash());
  EXPECT_EQ(again->encode(documents()[0]), tokenizer_->encode(documents()[0]));
}

TEST(Tokenizer, LongTextIsCutBetweenWords) {
  const auto tokenizer = make_sentencepiece_tokenizer(trained_model());
  std::string sentence = "The train leaves the switching yard, signals turn green.";
  std::vector<std::int32_t> once = tokenizer->encode(" " + sentence), expected;
  std::string text;
  while (text.size() < 300000) {
    text += " " + sentence;
    expected.insert(expected.end(), once.begin(), once.end());
  }
  EXPECT_EQ(tokenizer->encode(text), expected);
}

TEST(Tokenizer, OnlyAModelHasAnUnknownId) {
  EXPECT_EQ(make_byte_tokenizer()->unknown(), -1);
  EXPECT_EQ(make_sentencepiece_tokenizer(trained_model())->unknown(), 0);
}

TEST(Tokenizer, BytesAreTheirOwnIds) {
  const auto tokenizer = make_byte_tokenizer();
  EXPECT_EQ(tokenizer->vocabulary(), 257);
  EXPECT_EQ(tokenizer->boundary(), 256);
  EXPECT_EQ(tokenizer->encode("A\xFF"), (std::vector<std::int32_t>{65, 255}));
}

TEST(Tokenizer, TrainingLearnsWordsOfTheText) {
  const auto tokenizer = make_sentencepiece_tokenizer(trained_model());
  EXPECT_EQ(tokenizer->vocabulary(), 400);
  EXPECT_LT(tokenizer->encode(documents()[0]).size(), documents()[0].size() / 3);
}

TEST(Tokenizer, TrainingTwiceGivesTheSameVocabulary) {
  const auto again = make_sentencepiece_tokenizer(train_sentencepiece(documents(), 400));
  EXPECT_EQ(again->hash(), make_sentencepiece_tokenizer(trained_model())->hash());
}

TEST(Tokenizer, HashTellsVocabulariesApart) {
  const auto other = make_sentencepiece_tokenizer(train_sentencepiece(documents(), 390));
  EXPECT_NE(other->hash(), make_sentencepiece_tokenizer(trained_model())->hash());
  EXPECT_NE(other->hash(), make_byte_tokenizer()->hash());
}

TEST(Tokenizer, TooSmallVocabularyIsAnError) {
  EXPECT_EQ(thrown_by([] { train_sentencepiece(documents(), 260); }).code, Exit::usage);
}

TEST(Tokenizer, LittleTextGivesASmallerVocabulary) {
  EXPECT_LT(make_sentencepiece_tokenizer(train_sentencepiece({"ab ab ab"}, 400))->vocabulary(),
            400);
}

// SentencePiece crashes at a word of more than 2^15 characters, and exits at one of 2^16.
TEST(Tokenizer, AVocabularyIsLearnedBesideARunWithoutSpaces) {
  std::mt19937 random(7);
  std::string genome, symbols;
  while (genome.size() < 40000) genome += "acgt"[random() % 4];
  while (symbols.size() < 3 * 70000) symbols += "\xE2\x96\x81";
  for (const std::string& run : {genome, std::string(20000, ' ') + genome.substr(0, 20000),
                                 std::string(70000, ' '), symbols}) {
    std::vector<std::string> with_run = documents();
    with_run.push_back(run);
    const auto tokenizer = make_sentencepiece_tokenizer(train_sentencepiece(with_run, 320));
    EXPECT_EQ(tokenizer->vocabulary(), 320);
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(run)), run);
  }
}

// SentencePiece passes over a whole line that holds U+2585.
TEST(Tokenizer, ALineWithTheReservedCharacterIsLearnedFrom) {
  const auto tokenizer = make_sentencepiece_tokenizer(
      train_sentencepiece({"\xE2\x96\x85yard yard yard \xE2\x96\x85 yard\xE2\x96\x85"}, 300));
  EXPECT_LE(tokenizer->encode(" yard").size(), 2);
}

TEST(Tokenizer, ModelThatAddsASpaceComesBackWithoutIt) {
  class OneText : public sentencepiece::SentenceIterator {
   public:
    bool done() const override { return next_ == documents().size(); }
    void Next() override { ++next_; }
    const std::string& value() const override { return documents()[next_]; }
    sentencepiece::util::Status status() const override { return {}; }

   private:
    std::size_t next_ = 0;
  } texts;
  std::string model;
  const std::unordered_map<std::string, std::string> options = {{"vocab_size", "400"},
                                                                {"model_type", "bpe"},
                                                                {"byte_fallback", "true"},
                                                                {"minloglevel", "2"}};
  ASSERT_TRUE(sentencepiece::SentencePieceTrainer::Train(options, &texts, &model).ok());
  const auto tokenizer = make_sentencepiece_tokenizer(model);
  std::string text = "The train leaves";
  EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
  while (text.size() < 200000) text += " the yard";
  EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
}

TEST(Tokenizer, DamagedModelIsAnError) {
  EXPECT_EQ(thrown_by([] { make_sentencepiece_tokenizer(""); }).code, Exit::data);
  EXPECT_EQ(thrown_by([] { make_sentencepiece_tokenizer("not a model"); }).code, Exit::data);
  const std::string half = trained_model().substr(0, trained_model().size() / 2);
  EXPECT_EQ(thrown_by([&] { make_sentencepiece_tokenizer(half); }).code, Exit::data);
}

// A piece that no trie can hold, in a unigram model: an exception from below SentencePiece.
TEST(Tokenizer, ModelThatTheLibraryThrowsAtIsAnError) {
  const char appended[] = "\x0A\x06\x0A\x02\0a\x18\x04\x12\x02\x18\x01";
  const std::string odd = trained_model() + std::string(appended, sizeof(appended) - 1);
  EXPECT_EQ(thrown_by([&] { make_sentencepiece_tokenizer(odd); }).code, Exit::data);
}

TEST(Tokenizer, UnknownKindIsAnError) {
  EXPECT_EQ(thrown_by([] { make_tokenizer("words", ""); }).code, Exit::data);
}

}  // namespace tokenizer_test
}  // namespace switchyard
