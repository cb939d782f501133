#include "launch/hugging_face/tokenizer/sentencepiece_json.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <vector>

#include "launch/hugging_face/tokenizer/tokenizer_parts.h"
#include "runtime/error.h"

namespace switchyard::hub {
namespace {

using Json = nlohmann::ordered_json;
using Type = SentencePiece::Type;

constexpr const char* space = "\xE2\x96\x81";

struct Merge {
  float score;
  std::size_t left, right;  // ids
};

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80; }

void require_expressible(const SentencePieceModel& model) {
  const char* what = nullptr;
  if (!model.merges) what = "pieces that are not made by merging pairs (train with model_type bpe)";
  if (model.normalizes) what = "a table that normalizes characters";
  if (model.removes_spaces) what = "spaces that it removes";
  for (const SentencePiece& piece : model.pieces) {
    if (piece.type == Type::user_defined || piece.type == Type::unused)
      what = "pieces that a user defined or forbade";
  }
  require(what == nullptr, Exit::usage,
          "the SentencePiece model has {}, which its tokenizer.json could not say exactly",
          what == nullptr ? "" : what);
}

std::vector<Merge> merges_of(const SentencePieceModel& model) {
  std::map<std::string_view, std::size_t> ids;
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    if (model.pieces[id].type == Type::normal) ids.emplace(model.pieces[id].text, id);
  }
  std::vector<Merge> merges;
  for (const auto& [text, id] : ids) {
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      if (continues_character(text[cut])) continue;
      const auto left = ids.find(text.substr(0, cut)), right = ids.find(text.substr(cut));
      if (left != ids.end() && right != ids.end())
        merges.push_back({model.pieces[id].score, left->second, right->second});
    }
  }
  std::sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
    return std::tuple(-a.score, a.left, a.right) < std::tuple(-b.score, b.left, b.right);
  });
  return merges;
}

Json replace(const char* from, const char* to) {
  return {{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

Json normalizer(bool adds_space) {
  Json steps = Json::array();
  if (adds_space) steps.push_back({{"type", "Prepend"}, {"prepend", space}});
  steps.push_back(replace(" ", space));
  return {{"type", "Sequence"}, {"normalizers", steps}};
}

Json decoder(bool adds_space) {
  Json steps = {replace(space, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}};
  if (adds_space) steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  return {{"type", "Sequence"}, {"decoders", steps}};
}

Json bpe(const SentencePieceModel& model) {
  Json vocabulary = Json::object(), merges = Json::array(), unknown;
  bool bytes = false;
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePiece& piece = model.pieces[id];
    vocabulary[piece.text] = id;
    if (piece.type == Type::unknown) unknown = piece.text;
    bytes = bytes || piece.type == Type::byte;
  }
  for (const Merge& merge : merges_of(model))
    merges.push_back({model.pieces[merge.left].text, model.pieces[merge.right].text});
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", unknown},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", true},
          {"byte_fallback", bytes},
          {"ignore_merges", false},
          {"vocab", vocabulary},
          {"merges", merges}};
}

}  // namespace

std::string sentencepiece_json(const SentencePieceModel& model, std::int32_t boundary) {
  require_expressible(model);
  Json special = Json::array();
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePiece& piece = model.pieces[id];
    if (piece.type == Type::control || piece.type == Type::unknown)
      special.push_back(special_token(static_cast<std::int32_t>(id), piece.text));
  }
  const std::string& text = model.pieces[static_cast<std::size_t>(boundary)].text;
  const Json json = {{"version", "1.0"},
                     {"truncation", nullptr},
                     {"padding", nullptr},
                     {"added_tokens", special},
                     {"normalizer", normalizer(model.adds_space)},
                     {"pre_tokenizer", nullptr},
                     {"post_processor", boundary_first(boundary, text)},
                     {"decoder", decoder(model.adds_space)},
                     {"model", bpe(model)}};
  return json.dump(1) + "\n";
}

}  // namespace switchyard::hub
