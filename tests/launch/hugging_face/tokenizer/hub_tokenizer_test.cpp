#include "launch/hugging_face/tokenizer/hub_tokenizer.h"

#include <gtest/gtest.h>

#include <random>

#include "io/text/unicode.h"
#include "io/tokens/hub/hub_file.h"

namespace switchyard::hub {
namespace hub_tokenizer_test {

std::unique_ptr<Tokenizer> read_back(const Tokenizer& tokenizer, const std::string& boundary) {
  const auto files = tokenizer_files(tokenizer, 64);
  return make_hub_tokenizer(serialized({files[0].bytes, "", boundary, false}));
}

std::string random_text(std::mt19937& random) {
  constexpr char32_t limits[] = {0x80, 0x80, 0x800, 0x10000, 0x110000};
  std::string text;
  for (auto length = random() % 60; length > 0; --length) {
    const auto code_point = static_cast<char32_t>(random() % limits[random() % 5]);
    if (code_point < 0xD800 || code_point > 0xDFFF) append_utf8(code_point, text);
    if (random() % 4 == 0) text += " the yard";
  }
  return text;
}

void expect_same(const Tokenizer& a, const Tokenizer& b) {
  EXPECT_EQ(a.boundary(), b.boundary());
  EXPECT_EQ(a.vocabulary(), b.vocabulary());
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    const std::string text = random_text(random);
    const auto ids = a.encode(text);
    ASSERT_EQ(b.encode(text), ids) << text;
    ASSERT_EQ(b.decode(ids), text);
  }
}

TEST(ExportedTokenizer, BytesAreReadAsTheyWere) {
  const auto bytes = make_byte_tokenizer();
  expect_same(*bytes, *read_back(*bytes, "<|endoftext|>"));
}

TEST(ExportedTokenizer, SentencePieceIsReadAsItWas) {
  std::vector<std::string> documents;
  for (int i = 0; i < 200; ++i)
    documents.push_back("Train " + std::to_string(i) + " leaves the yard, then the yard waits.\n");
  const auto pieces = make_sentencepiece_tokenizer(train_sentencepiece(documents, 400));
  const auto file = tokenizer_files(*pieces, 64)[2].bytes;
  const auto begin = file.find("\"bos_token\": \"") + 14;
  expect_same(*pieces, *read_back(*pieces, file.substr(begin, file.find('"', begin) - begin)));
}

TEST(ExportedTokenizer, WhatCameFromATokenizerJsonIsWrittenByteForByte) {
  const auto bytes = make_byte_tokenizer();
  const std::string tokenizer = "\n " + tokenizer_files(*bytes, 64)[0].bytes;
  const std::string config = "{ \"chat_template\": \"x\" }";
  for (const std::string& given : {config, std::string()}) {
    const auto files = tokenizer_files(
        *make_hub_tokenizer(serialized({tokenizer, given, "<|endoftext|>", false})), 64);
    ASSERT_EQ(files.size(), std::size_t{2});
    EXPECT_EQ(files[0].bytes, tokenizer);
    EXPECT_EQ(files[1].name, "tokenizer_config.json");
    if (!given.empty()) {
      EXPECT_EQ(files[1].bytes, given);
    } else {
      EXPECT_NE(files[1].bytes.find("\"eos_token\": \"<|endoftext|>\""), std::string::npos);
    }
  }
}

}  // namespace hub_tokenizer_test
}  // namespace switchyard::hub
