#include "launch/run/version_1_tokenizer.h"

#include <gtest/gtest.h>

#include "io/checkpoint/checkpoint.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/error.h"

namespace switchyard {
namespace version_1_tokenizer_test {

const std::filesystem::path golden = std::filesystem::path(SWITCHYARD_SOURCE_DIR) / "tests/golden";

TEST(Version1Tokenizer, IsTheOneThatTheManifestNames) {
  const CheckpointReader checkpoint(golden / "checkpoint-1-sentencepiece");
  const std::unique_ptr<Tokenizer> tokenizer = tokenizer_of(checkpoint);
  EXPECT_EQ(tokenizer->hash(), checkpoint.meta().at("tokenizer").at("hash"));
  EXPECT_EQ(tokenizer->vocabulary(), 300);
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("The square of 7")), "The square of 7");
}

TEST(Version1Tokenizer, IsTheOneThatVersion2KeepsInAFile) {
  const CheckpointReader old(golden / "checkpoint-1-sentencepiece"), now(golden / "checkpoint-2");
  EXPECT_EQ(tokenizer_of(old)->serialized(), tokenizer_of(now)->serialized());
}

TEST(Version1Tokenizer, OfBytesIsEmpty) {
  EXPECT_EQ(tokenizer_of(CheckpointReader(golden / "checkpoint-1"))->kind(), "bytes");
}

TEST(Version1Tokenizer, EveryLengthIsDecoded) {  // the examples of RFC 4648, section 10
  EXPECT_EQ(decode_version_1_tokenizer(""), "");
  EXPECT_EQ(decode_version_1_tokenizer("Zg=="), "f");
  EXPECT_EQ(decode_version_1_tokenizer("Zm8="), "fo");
  EXPECT_EQ(decode_version_1_tokenizer("Zm9v"), "foo");
  EXPECT_EQ(decode_version_1_tokenizer("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode_version_1_tokenizer("//79AA=="), std::string("\xff\xfe\xfd\0", 4));
}

TEST(Version1Tokenizer, OtherTextIsBadData) {
  for (const char* text : {"Z g=", "Zm9v\n", "Zm-v"}) {
    try {
      decode_version_1_tokenizer(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::data) << text;
    }
  }
}

}  // namespace version_1_tokenizer_test
}  // namespace switchyard
