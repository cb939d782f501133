// Bpe: the model of a tokenizer.json: byte-pair encoding, of bytes or of characters.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/tokens/hub/json_part.h"
#include "io/tokens/hub/merges.h"
#include "io/tokens/hub/vocabulary.h"
#include "io/tokens/hub/word_cache.h"

namespace switchyard::hub {

class Bpe {
 public:
  // part: the file's "model". never: an id that no text becomes. Errors: Exit::data for another
  // model, dropout, prefixes and suffixes of words, merges of tokens that are not there, and a
  // vocabulary that would lose text: one without a byte, or without an unknown token.
  Bpe(const JsonPart& part, const Vocabulary& vocabulary, bool byte_level, std::int32_t never);

  // Appends the ids of a word, which is valid UTF-8.
  void encode(std::string_view word, WordCache& cache, std::vector<std::int32_t>& ids) const;
  std::int32_t unknown() const { return unknown_; }  // -1: there is none

 private:
  void read_symbols(const JsonPart& part, const Vocabulary& vocabulary);
  void read_merges(const JsonPart& part, const Vocabulary& vocabulary);
  void add_merge(const JsonPart& item, const std::string& left, const std::string& right,
                 std::uint32_t rank, const Vocabulary& vocabulary);
  void encode_part(std::string_view word, WordCache& cache, std::vector<std::int32_t>& ids) const;
  void spell(std::string_view word, std::vector<std::int32_t>& ids) const;
  void spell_characters(std::string_view word, std::vector<std::int32_t>& ids) const;
  bool spell_bytes(std::string_view character, std::vector<std::int32_t>& ids) const;

  bool byte_level_, fuses_unknown_, ignores_merges_;
  std::int32_t unknown_ = -1, never_;
  std::array<std::int32_t, 256> bytes_{};  // ids of bytes: of byte level, or to fall back on
  std::vector<std::int32_t> characters_;   // ids by code point
  std::unordered_map<std::string, std::int32_t> words_;  // if whole words come before merges
  Merges merges_;
  bool cuts_at_spaces_ = false;  // because no merge joins what ends before a U+2581 with it
};

}  // namespace switchyard::hub
