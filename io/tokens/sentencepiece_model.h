// What a SentencePiece .model file says (its sentencepiece_model.proto), for programs that cannot
// read it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace switchyard {

struct SentencePiece {
  // As in the file's schema.
  enum class Type : std::uint8_t { normal = 1, unknown, control, user_defined, unused, byte };

  std::string text;  // U+2581 is a space
  float score = 0.0F;
  Type type = Type::normal;
};

struct SentencePieceModel {
  std::vector<SentencePiece> pieces;  // by id
  bool merges = false;                // byte-pair encoding; otherwise unigrams, words or characters
  bool normalizes = false;            // by a table of characters
  bool adds_space = true;             // before a text
  bool removes_spaces = true;         // at the ends of a text, and all but one of several
};

// model: bytes that make_sentencepiece_tokenizer accepts. Errors: Exit::data if they are cut short.
SentencePieceModel read_sentencepiece_model(const std::string& model);

}  // namespace switchyard
