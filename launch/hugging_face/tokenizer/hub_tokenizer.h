// The tokenizer of a model as the files that transformers reads.
#pragma once

#include <string>
#include <vector>

#include "io/tokens/tokenizer.h"

namespace switchyard::hub {

struct TextFile {
  std::string name, bytes;
};

// tokenizer.json, tokenizer.model for SentencePiece, and tokenizer_config.json. Encoding a text
// puts the boundary first, as it is before every document of training; but what came from such
// files is written byte for byte, and does what it did.
std::vector<TextFile> tokenizer_files(const Tokenizer& tokenizer, std::int64_t max_length);

}  // namespace switchyard::hub
