#include "io/tokens/hub/decoder.h"

#include <fmt/core.h>

#include "io/text/escape.h"
#include "io/text/unicode.h"
#include "io/tokens/hub/byte_alphabet.h"
#include "io/tokens/hub/normalizer.h"

namespace switchyard::hub {
namespace {

std::string stripped(std::string_view text, std::string_view character, std::size_t left,
                     std::size_t right) {
  for (; left > 0 && text.starts_with(character); --left) text.remove_prefix(character.size());
  for (; right > 0 && text.ends_with(character); --right) text.remove_suffix(character.size());
  return std::string(text);
}

}  // namespace

Decoder::Decoder(const JsonPart& part) {
  if (!part.has("decoder"))
    part.refuse("it has no decoder, and would make texts with a space between any two tokens");
  add(part.at("decoder"), 0);
}

void Decoder::add(const JsonPart& part, int depth) {
  const std::string type = part.type();
  std::vector<Step>& steps = fused_ ? of_text_ : of_tokens_;
  if (must_fuse_ && type != "Fuse") part.refuse("it follows ByteFallback, which Fuse must follow");
  if (type == "Sequence") {
    part.allow({"type", "decoders"});
    if (depth == deepest_sequence) part.refuse("its Sequences nest too deeply");
    for (const JsonPart& step : part.items("decoders")) add(step, depth + 1);
  } else if (type == "ByteLevel") {
    part.allow({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    if (fused_) part.refuse("it follows what already made a text of the tokens");
    steps.emplace_back(Bytes{true});
    fused_ = true;
  } else if (type == "ByteFallback") {
    part.allow({"type"});
    if (fused_) part.refuse("it follows what already made a text of the tokens");
    steps.emplace_back(Bytes{false});
    must_fuse_ = true;
  } else if (type == "Fuse") {
    part.allow({"type"});
    fused_ = true;
    must_fuse_ = false;
  } else if (type == "Replace") {
    part.allow({"type", "pattern", "content"});
    steps.emplace_back(Replace{Pattern::read(part.at("pattern")), part.text("content")});
  } else if (type == "Strip") {
    add_strip(part);
  } else if (type == "Metaspace") {
    add_metaspace(part);
  } else {
    part.refuse(fmt::format(
        "it is a {}; Switchyard knows ByteLevel, Metaspace, Replace, ByteFallback, Fuse, Strip and "
        "Sequence",
        terminal_text(shortened(type, 100))));
  }
}

void Decoder::add_strip(const JsonPart& part) {
  constexpr std::int64_t most = 1 << 20;
  part.allow({"type", "content", "start", "stop"});
  const std::string character = part.text("content");
  if (character.empty()) part.at("content").refuse("it is empty");
  (fused_ ? of_text_ : of_tokens_)
      .emplace_back(Strip{character, static_cast<std::size_t>(part.integer("start", 0, most)),
                          static_cast<std::size_t>(part.integer("stop", 0, most))});
}

void Decoder::add_metaspace(const JsonPart& part) {
  part.allow({"type", "replacement", "prepend_scheme", "split", "str_rep", "add_prefix_space"});
  if (fused_) part.refuse("it follows what already made a text of the tokens");
  const std::string symbol = part.text("replacement");
  if (symbol.empty()) part.at("replacement").refuse("it is empty");
  const bool prepended = part.has("prepend_scheme") ? part.text("prepend_scheme") != "never"
                                                    : part.flag("add_prefix_space", true);
  of_tokens_.emplace_back(Metaspace{symbol, prepended});
  first_differs_ = first_differs_ || prepended;
}

std::string Decoder::apply(const Step& step, std::string text, bool is_first) {
  Regex::Scratch scratch;
  if (const auto* bytes = std::get_if<Bytes>(&step)) {
    if (bytes->visible) return bytes_of_visible(text).value_or(text);
    const auto byte = byte_of_piece(text);
    return byte ? std::string(1, static_cast<char>(*byte)) : text;
  }
  if (const auto* replace = std::get_if<Replace>(&step))
    return replaced(text, replace->pattern, replace->content, scratch);
  if (const auto* strip = std::get_if<Strip>(&step))
    return stripped(text, strip->character, strip->left, strip->right);
  const auto& metaspace = std::get<Metaspace>(step);
  const bool was_added = is_first && metaspace.prepended;
  return replaced(text, Pattern::literal(metaspace.symbol), was_added ? "" : " ", scratch);
}

std::string Decoder::text_of(const std::string& token, bool is_first) const {
  std::string text = token;
  for (const Step& step : of_tokens_) text = apply(step, std::move(text), is_first);
  return text;
}

std::string Decoder::finished(std::string text) const {
  for (const Step& step : of_text_) text = apply(step, std::move(text), false);
  return text;
}

}  // namespace switchyard::hub
