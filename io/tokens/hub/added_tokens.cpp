#include "io/tokens/hub/added_tokens.h"

#include "io/text/unicode.h"

namespace switchyard::hub {
namespace {

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80; }

bool is_white_space(std::string_view character) {
  return first_character(character).kind == CharacterKind::white_space;
}

// The last character of `text`, which is not empty.
std::string_view last_character(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && continues_character(text[begin])) --begin;
  return text.substr(begin);
}

// As \w of the library's other engine of regular expressions, which reads single_word.
bool begins_word(std::string_view text, Regex::Scratch& scratch) {
  static const Regex part_of_word(R"(\A[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}])");
  return !text.empty() && part_of_word.find(text.substr(0, 4), 0, scratch).has_value();
}

}  // namespace

void AddedTokens::add(const std::string& pattern, const AddedToken& token, bool stays_text) {
  std::uint32_t node = 0;
  for (const char byte : pattern) {
    const auto next = static_cast<std::uint32_t>(nodes_.size());
    const auto [edge, is_new] = nodes_[node].next.try_emplace(byte, next);
    node = edge->second;
    if (is_new) nodes_.emplace_back();
  }
  if (nodes_[node].entry >= 0) return;
  nodes_[node].entry = static_cast<std::int32_t>(entries_.size());
  entries_.push_back({token, stays_text});
  begins_[static_cast<unsigned char>(pattern.front())] = true;
}

AddedTokens::Found AddedTokens::find(std::string_view text, std::size_t from) const {
  for (std::size_t begin = from; begin < text.size(); ++begin) {
    if (!begins_[static_cast<unsigned char>(text[begin])]) continue;
    Found found;
    const Node* node = nodes_.data();
    for (std::size_t end = begin; end < text.size();) {
      const auto next = node->next.find(text[end]);
      if (next == node->next.end()) break;
      node = &nodes_[next->second];
      ++end;
      if (node->entry >= 0) found = {begin, end, &entries_[static_cast<std::size_t>(node->entry)]};
    }
    if (found.entry != nullptr) return found;
  }
  return {};
}

bool AddedTokens::touches_word(std::string_view text, const Found& found, Regex::Scratch& scratch) {
  return begins_word(text.substr(found.end), scratch) ||
         (found.begin > 0 && begins_word(last_character(text.substr(0, found.begin)), scratch));
}

std::size_t AddedTokens::white_space_begin(std::string_view text, std::size_t end) {
  while (end > 0) {
    const std::string_view last = last_character(text.substr(0, end));
    if (!is_white_space(last)) break;
    end -= last.size();
  }
  return end;
}

std::size_t AddedTokens::white_space_end(std::string_view text, std::size_t begin) {
  while (begin < text.size() && is_white_space(text.substr(begin)))
    begin += first_character(text.substr(begin)).bytes;
  return begin;
}

}  // namespace switchyard::hub
