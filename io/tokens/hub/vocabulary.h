// Vocabulary: the tokens of a tokenizer.json by id, those of its model and those added to them.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/tokens/hub/json_part.h"

namespace switchyard::hub {

constexpr std::int64_t largest_id = (std::int64_t{1} << 24) - 1;  // ids index tables

// An entry of added_tokens.
struct AddedToken {
  std::string text;
  std::int32_t id = 0;
  bool special = false;                          // marks up a text, and is no part of it
  bool normalized = false;                       // is looked for in the normalized text
  bool single_word = false;                      // only where no letter or digit is beside it
  bool takes_left = false, takes_right = false;  // the white space there
};

class Vocabulary {
 public:
  // part: the whole file. Errors: Exit::data for ids that are no whole number from 0 to 2^24-1, or
  // that two tokens share, and for an added token whose id is not the one that its place gives it.
  explicit Vocabulary(const JsonPart& part);

  // -1: there is none.
  std::int32_t id_of(const std::string& text) const;
  const std::string* text_of(std::int32_t id) const;  // null: no token has it
  std::int32_t size() const { return static_cast<std::int32_t>(texts_.size()); }  // largest id + 1
  // Tokens of the model, without the added ones.
  const std::unordered_map<std::string, std::int32_t>& ids() const { return ids_; }
  const std::vector<AddedToken>& added() const { return added_; }

 private:
  void add_id(std::int32_t id, const std::string& text, const JsonPart& part);
  void add_added_tokens(const JsonPart& part);

  std::unordered_map<std::string, std::int32_t> ids_, added_ids_;
  std::vector<const std::string*> texts_;  // by id
  std::vector<AddedToken> added_;
};

}  // namespace switchyard::hub
