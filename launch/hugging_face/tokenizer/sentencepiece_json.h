// A SentencePiece model as tokenizer.json.
#pragma once

#include <cstdint>
#include <string>

#include "io/tokens/sentencepiece_model.h"

namespace switchyard::hub {

// The text of tokenizer.json. Its merges are every way to put a piece together from two others, by
// descending score, which is the order in which SentencePiece merges. Errors: Exit::usage for what
// tokenizer.json cannot say in this way: unigrams, a table of characters, removed spaces, pieces of
// a user's.
std::string sentencepiece_json(const SentencePieceModel& model, std::int32_t boundary);

}  // namespace switchyard::hub
