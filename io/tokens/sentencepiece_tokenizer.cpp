#include <sentencepiece_processor.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "io/files/hash.h"
#include "io/tokens/tokenizer.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

// U+2581, how SentencePiece writes a space.
constexpr std::string_view space_symbol = "\xE2\x96\x81";

// The library works on pieces of text of about this size, so that a long document needs little
// memory. Cutting before a space that ends a word changes no token of a model that never merges
// across words, which all common ones are.
constexpr std::size_t usual_cut = std::size_t{1} << 12;
constexpr std::size_t largest_cut = std::size_t{1} << 20;

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80; }

std::size_t cut_of(std::string_view text) {
  if (text.size() <= usual_cut) return text.size();
  constexpr std::string_view white_space = " \t\n\v\f\r";
  const std::size_t limit = std::min(text.size(), largest_cut);
  for (std::size_t i = usual_cut; i < limit; ++i) {
    if (text[i] == ' ' && white_space.find(text[i - 1]) == std::string_view::npos) return i;
  }
  std::size_t cut = limit;
  while (cut < text.size() && cut > usual_cut && continues_character(text[cut])) --cut;
  return cut;
}

std::string with_spaces(std::string_view piece) {
  std::string text;
  for (std::size_t at; (at = piece.find(space_symbol)) != std::string_view::npos;) {
    text.append(piece.substr(0, at)).append(" ");
    piece.remove_prefix(at + space_symbol.size());
  }
  return text.append(piece);
}

class SentencePieceTokenizer : public Tokenizer {
 public:
  explicit SentencePieceTokenizer(const std::string& model) : model_(model) {
    const std::string problem = load(model);
    require(problem.empty(), Exit::data, "not a SentencePiece model ({} bytes): {}", model.size(),
            problem);
    boundary_ = find_boundary();
    for (std::int32_t id = 0; id < processor_.GetPieceSize(); ++id) pieces_.push_back(text_of(id));
    const auto probe = encode_part("a");
    adds_space_ = !probe.empty() && pieces_[static_cast<std::size_t>(probe[0])].starts_with(' ');
    space_symbol_ids_ = find_space_symbol_bytes();
  }

  std::string kind() const override { return "sentencepiece"; }
  std::int64_t vocabulary() const override { return processor_.GetPieceSize(); }
  std::int32_t boundary() const override { return boundary_; }
  std::int32_t unknown() const override { return processor_.unk_id(); }
  std::int32_t special(const std::string& name) const override {
    const int id = processor_.PieceToId(name);
    return processor_.IsControl(id) && processor_.IdToPiece(id) == name ? id : -1;
  }

  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<std::int32_t> tokens;
    while (!text.empty()) {
      std::size_t cut = cut_of(text);
      if (space_symbol_ids_) cut = std::min(cut, text.substr(0, cut).find(space_symbol));
      if (cut == 0) {
        tokens.insert(tokens.end(), space_symbol_ids_->begin(), space_symbol_ids_->end());
        text.remove_prefix(space_symbol.size());
        continue;
      }
      const std::vector<int> part = encode_part(text.substr(0, cut));
      tokens.insert(tokens.end(), part.begin(), part.end());
      text.remove_prefix(cut);
      if (adds_space_ && text.starts_with(' ')) text.remove_prefix(1);
    }
    return tokens;
  }

  std::string decode(std::span<const std::int32_t> tokens) const override {
    std::string text;
    for (const std::int32_t token : tokens) {
      if (token < 0 || token >= vocabulary()) continue;
      const std::string& part = pieces_[static_cast<std::size_t>(token)];
      const bool added = adds_space_ && text.empty() && part.starts_with(' ');
      text.append(part, added ? 1 : 0);
    }
    return text;
  }

  std::string hash() const override {
    std::string all;
    for (std::int32_t id = 0; id < vocabulary(); ++id) {
      const std::string& text = processor_.IdToPiece(id);
      const auto score = __builtin_bit_cast(std::uint32_t, processor_.GetScore(id));
      all += fmt::format("{}:{} {:08x} {}{}{}{}\n", text.size(), text, score,
                         processor_.IsControl(id) ? 'c' : '-', processor_.IsUnknown(id) ? 'u' : '-',
                         processor_.IsByte(id) ? 'b' : '-', processor_.IsUnused(id) ? 'x' : '-');
    }
    return content_hash(all).hex();
  }

  std::string serialized() const override { return model_; }

 private:
  // What is wrong with the model; empty if nothing is. The library reports some damage by
  // exceptions from below it.
  std::string load(const std::string& model) try {
    const auto status = processor_.LoadFromSerializedProto(model);
    if (!status.ok()) return status.ToString();
    return processor_.GetPieceSize() > 0 ? "" : "it has no pieces";
  } catch (const std::exception& error) {
    return error.what();
  }

  std::int32_t find_boundary() const {
    if (processor_.bos_id() >= 0) return processor_.bos_id();
    if (processor_.eos_id() >= 0) return processor_.eos_id();
    for (std::int32_t id = 0; id < processor_.GetPieceSize(); ++id) {
      if (processor_.IsControl(id)) return id;
    }
    fail(Exit::data,
         "the SentencePiece model has no control piece to mark where documents start; train it "
         "with a --bos_id");
  }

  std::string text_of(std::int32_t id) const {
    if (processor_.IsControl(id) || processor_.IsUnknown(id)) return "";
    const std::string& name = processor_.IdToPiece(id);
    if (!processor_.IsByte(id)) return with_spaces(name);
    unsigned int byte = 0;
    const bool parsed = std::sscanf(name.c_str(), "<0x%2X>", &byte) == 1;
    require(parsed, Exit::data, "the SentencePiece model has a byte piece named '{}'", name);
    return std::string(1, static_cast<char>(byte));
  }

  // How to spell a U+2581 of the text itself, which the library would turn into a space. Only where
  // text comes back as it went in: not for a model without bytes, or one that adds a space.
  std::optional<std::array<std::int32_t, 3>> find_space_symbol_bytes() const {
    std::array<std::int32_t, 3> ids{};
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const std::string name =
          fmt::format("<0x{:02X}>", static_cast<unsigned char>(space_symbol[i]));
      ids[i] = processor_.PieceToId(name);
      if (adds_space_ || !processor_.IsByte(ids[i])) return std::nullopt;
    }
    return ids;
  }

  std::vector<int> encode_part(std::string_view text) const {
    std::vector<int> ids;
    const auto status = processor_.Encode(absl::string_view(text.data(), text.size()), &ids);
    require(status.ok(), Exit::data, "SentencePiece cannot encode {} bytes of text: {}",
            text.size(), status.ToString());
    return ids;
  }

  std::string model_;
  sentencepiece::SentencePieceProcessor processor_;
  std::int32_t boundary_ = 0;
  std::vector<std::string> pieces_;  // what each id adds to decoded text
  bool adds_space_ = false;          // before the text, as models made for sentences do
  std::optional<std::array<std::int32_t, 3>> space_symbol_ids_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_sentencepiece_tokenizer(const std::string& model) {
  return std::make_unique<SentencePieceTokenizer>(model);
}

}  // namespace switchyard
