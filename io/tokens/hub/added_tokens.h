// AddedTokens: looks for the added tokens of a tokenizer.json in a text, before it is cut into
// words.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/text/regex.h"
#include "io/tokens/hub/vocabulary.h"

namespace switchyard::hub {

class AddedTokens {
 public:
  // pattern: how the token is spelled in the texts that are searched; not empty. The first token of
  // a pattern counts. stays_text: it is found, and then left as the text that it is.
  void add(const std::string& pattern, const AddedToken& token, bool stays_text);

  // Calls take_text(begin, end) and take_token(id) from left to right; of tokens that overlap, the
  // leftmost counts, and of those the longest. text: valid UTF-8.
  template <class TakeText, class TakeToken>
  void cut(std::string_view text, Regex::Scratch& scratch, TakeText take_text,
           TakeToken take_token) const;

 private:
  struct Node {
    std::map<char, std::uint32_t> next;
    std::int32_t entry = -1;
  };
  struct Entry {
    AddedToken token;
    bool stays_text;
  };
  struct Found {
    std::size_t begin = 0, end = 0;
    const Entry* entry = nullptr;  // null: there is none
  };

  Found find(std::string_view text, std::size_t from) const;
  static bool touches_word(std::string_view text, const Found& found, Regex::Scratch& scratch);
  static std::size_t white_space_begin(std::string_view text, std::size_t end);
  static std::size_t white_space_end(std::string_view text, std::size_t begin);

  std::vector<Node> nodes_{1};  // a trie of the patterns
  std::vector<Entry> entries_;
  std::array<bool, 256> begins_{};  // whether a pattern begins with the byte
};

template <class TakeText, class TakeToken>
void AddedTokens::cut(std::string_view text, Regex::Scratch& scratch, TakeText take_text,
                      TakeToken take_token) const {
  std::size_t taken = 0, from = 0;
  while (!entries_.empty()) {
    Found found = find(text, from);
    if (found.entry == nullptr) break;
    from = found.end;
    const AddedToken& token = found.entry->token;
    if (found.entry->stays_text) continue;
    if (token.single_word && touches_word(text, found, scratch)) continue;
    if (token.takes_left) found.begin = white_space_begin(text, found.begin);
    if (token.takes_right) found.end = white_space_end(text, found.end);
    if (taken < found.begin) take_text(taken, found.begin);
    take_token(token.id);
    taken = found.end;
  }
  if (taken < text.size()) take_text(taken, text.size());
}

}  // namespace switchyard::hub
