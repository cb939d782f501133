#include "io/tokens/hub/bpe.h"

#include <fmt/core.h>

#include <algorithm>

#include "io/text/escape.h"
#include "io/text/unicode.h"
#include "io/tokens/hub/byte_alphabet.h"

namespace switchyard::hub {
namespace {

constexpr std::string_view space_symbol = "\xE2\x96\x81";  // U+2581

bool occurs_in_utf8(int byte) { return byte < 0xC0 || (byte > 0xC1 && byte < 0xF5); }

// Whether a space symbol follows something else in `text`.
bool has_inner_space(std::string_view text) {
  while (text.starts_with(space_symbol)) text.remove_prefix(space_symbol.size());
  return text.find(space_symbol) != std::string_view::npos;
}

void refuse_what_is_not_done(const JsonPart& part) {
  part.allow({"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
              "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"});
  if (part.has("dropout") && part.at("dropout").value() != 0)
    part.at("dropout").refuse("Switchyard merges without dropout; set it to null");
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (part.has(key) && !part.text(key).empty())
      part.at(key).refuse("Switchyard knows words without prefix or suffix only");
  }
}

}  // namespace

Bpe::Bpe(const JsonPart& part, const Vocabulary& vocabulary, bool byte_level, std::int32_t never)
    : byte_level_(byte_level),
      fuses_unknown_(part.flag("fuse_unk", false)),
      ignores_merges_(part.flag("ignore_merges", false)),
      never_(never) {
  refuse_what_is_not_done(part);
  const std::string unknown = part.has("unk_token") ? part.text("unk_token") : "";
  const auto found = vocabulary.ids().find(unknown);
  if (found != vocabulary.ids().end()) unknown_ = found->second;
  if (!unknown.empty() && unknown_ < 0)
    part.at("unk_token").refuse("the vocabulary does not have this token");
  read_symbols(part, vocabulary);
  read_merges(part, vocabulary);
  if (!ignores_merges_) return;
  for (const auto& [text, id] : vocabulary.ids()) {
    const auto word = byte_level ? bytes_of_visible(text) : text;
    if (word && id != never) words_.emplace(*word, id);
  }
}

void Bpe::read_symbols(const JsonPart& part, const Vocabulary& vocabulary) {
  const bool falls_back = part.flag("byte_fallback", false);
  bool all_bytes = byte_level_ || falls_back;
  for (int byte = 0; byte < 256; ++byte) {
    const auto place = static_cast<std::size_t>(byte);
    const std::string text = byte_level_ ? visible_bytes()[place] : fmt::format("<0x{:02X}>", byte);
    const auto found = vocabulary.ids().find(text);
    const bool has = found != vocabulary.ids().end() && (byte_level_ || falls_back);
    bytes_[place] = has ? found->second : -1;
    if (has || !occurs_in_utf8(byte)) continue;
    all_bytes = false;
    if (byte_level_)
      part.at("vocab").refuse(fmt::format("it has no token for the byte 0x{:02X}", byte));
  }
  if (!all_bytes && unknown_ < 0)
    part.refuse(
        "it has neither a token for each byte nor an unk_token, and would lose what its "
        "vocabulary does not have");
  if (byte_level_) return;
  for (const auto& [text, id] : vocabulary.ids()) {
    if (text.empty()) continue;
    const Character character = first_character(text);
    if (character.bytes != text.size()) continue;
    if (character.code_point >= characters_.size())
      characters_.resize(character.code_point + 1, -1);
    characters_[character.code_point] = id;
  }
}

void Bpe::read_merges(const JsonPart& part, const Vocabulary& vocabulary) {
  const std::size_t space = first_character(space_symbol).code_point;
  cuts_at_spaces_ =
      !byte_level_ && !ignores_merges_ && space < characters_.size() && characters_[space] >= 0;
  std::uint32_t rank = 0;
  const JsonPart merges = part.at("merges");
  if (!merges.value().is_array()) merges.refuse("it is not an array");
  for (const nlohmann::json& merge : merges.value()) {
    const JsonPart item(merge, fmt::format("model.merges[{}]", rank));
    if (merge.is_string()) {
      const auto& both = merge.get_ref<const std::string&>();
      const std::size_t cut = both.find(' ');
      if (cut == std::string::npos || both.find(' ', cut + 1) != std::string::npos)
        item.refuse("it is not two tokens with one space between them");
      add_merge(item, both.substr(0, cut), both.substr(cut + 1), rank, vocabulary);
    } else {
      const bool is_pair =
          merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string();
      if (!is_pair) item.refuse("it is not a pair of tokens");
      add_merge(item, merge[0].get<std::string>(), merge[1].get<std::string>(), rank, vocabulary);
    }
    ++rank;
  }
}

void Bpe::add_merge(const JsonPart& item, const std::string& left, const std::string& right,
                    std::uint32_t rank, const Vocabulary& vocabulary) {
  if (left.empty() || right.empty()) item.refuse("one of its tokens is empty");
  const std::string result = left + right;
  std::array<std::int32_t, 3> ids{};
  std::size_t i = 0;
  for (const std::string* text : {&left, &right, &result}) {
    const auto found = vocabulary.ids().find(*text);
    if (found == vocabulary.ids().end())
      item.refuse(
          fmt::format("the vocabulary does not have '{}'", terminal_text(shortened(*text, 100))));
    ids[i++] = found->second;
  }
  if (ids[2] != never_) merges_.add(ids[0], ids[1], {rank, ids[2]});
  cuts_at_spaces_ = cuts_at_spaces_ && !has_inner_space(result);
}

void Bpe::encode(std::string_view word, WordCache& cache, std::vector<std::int32_t>& ids) const {
  while (cuts_at_spaces_) {
    std::size_t cut = word.find_first_not_of(space_symbol);
    if (cut != std::string_view::npos) cut = word.find(space_symbol, cut);
    if (cut == std::string_view::npos) break;
    encode_part(word.substr(0, cut), cache, ids);
    word.remove_prefix(cut);
  }
  encode_part(word, cache, ids);
}

void Bpe::encode_part(std::string_view word, WordCache& cache,
                      std::vector<std::int32_t>& ids) const {
  if (cache.find(word, ids)) return;
  if (ignores_merges_) {
    const auto found = words_.find(std::string(word));
    if (found != words_.end()) {
      cache.keep(word, {&found->second, 1});
      ids.push_back(found->second);
      return;
    }
  }
  std::vector<std::int32_t> tokens;
  spell(word, tokens);
  merges_.apply(tokens);
  cache.keep(word, tokens);
  ids.insert(ids.end(), tokens.begin(), tokens.end());
}

void Bpe::spell(std::string_view word, std::vector<std::int32_t>& ids) const {
  ids.reserve(word.size());
  if (!byte_level_) return spell_characters(word, ids);
  for (const char byte : word) ids.push_back(bytes_[static_cast<unsigned char>(byte)]);
}

// An unknown token waits for the next character that is known, as it does in the library, also
// behind bytes to which a character falls back.
void Bpe::spell_characters(std::string_view word, std::vector<std::int32_t>& ids) const {
  bool waits = false;
  while (!word.empty()) {
    const Character character = first_character(word);
    const std::int32_t id =
        character.code_point < characters_.size() ? characters_[character.code_point] : -1;
    if (id >= 0) {
      if (waits) ids.push_back(unknown_);
      waits = false;
      ids.push_back(id);
    } else if (!spell_bytes(word.substr(0, character.bytes), ids)) {
      if (waits && !fuses_unknown_) ids.push_back(unknown_);
      waits = true;
    }
    word.remove_prefix(character.bytes);
  }
  if (waits) ids.push_back(unknown_);
}

// False and nothing appended if one of them has no token.
bool Bpe::spell_bytes(std::string_view character, std::vector<std::int32_t>& ids) const {
  const auto id_of = [&](char byte) { return bytes_[static_cast<unsigned char>(byte)]; };
  if (std::any_of(character.begin(), character.end(), [&](char b) { return id_of(b) < 0; }))
    return false;
  for (const char byte : character) ids.push_back(id_of(byte));
  return true;
}

}  // namespace switchyard::hub
