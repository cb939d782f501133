#include "io/tokens/sentencepiece_model.h"

#include <gtest/gtest.h>

#include "io/tokens/tokenizer.h"
#include "runtime/error.h"

namespace switchyard {
namespace sentencepiece_model_test {

using Type = SentencePiece::Type;

std::string trained() {
  return train_sentencepiece(
      {"the river of the stone", "a river under the bridge", "over the stone"}, 280);
}

TEST(SentencePieceModel, SaysWhatItsTrainerWasTold) {
  const std::string bytes = trained();
  const SentencePieceModel model = read_sentencepiece_model(bytes);
  const std::unique_ptr<Tokenizer> tokenizer = make_sentencepiece_tokenizer(bytes);
  ASSERT_EQ(std::ssize(model.pieces), tokenizer->vocabulary());
  EXPECT_EQ(model.pieces[static_cast<std::size_t>(tokenizer->boundary())].type, Type::control);
  EXPECT_TRUE(model.merges);
  EXPECT_FALSE(model.normalizes);
  EXPECT_FALSE(model.adds_space);
  EXPECT_FALSE(model.removes_spaces);
  int bytes_of_text = 0;
  for (const SentencePiece& piece : model.pieces) bytes_of_text += piece.type == Type::byte ? 1 : 0;
  EXPECT_EQ(bytes_of_text, 256);
}

TEST(SentencePieceModel, ACutModelIsRefusedOrShorter) {
  const std::string bytes = trained();
  const std::size_t whole = read_sentencepiece_model(bytes).pieces.size();
  for (std::size_t size = 0; size < 2000 && size < bytes.size(); ++size) {
    try {
      EXPECT_LT(read_sentencepiece_model(bytes.substr(0, size)).pieces.size(), whole);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::data);
    }
  }
}

}  // namespace sentencepiece_model_test
}  // namespace switchyard
