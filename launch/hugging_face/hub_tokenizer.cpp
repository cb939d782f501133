#include "launch/hugging_face/hub_tokenizer.h"

#include <nlohmann/json.hpp>

#include "io/tokens/sentencepiece_model.h"
#include "launch/hugging_face/sentencepiece_json.h"
#include "launch/hugging_face/tokenizer_parts.h"
#include "runtime/error.h"

namespace switchyard::hub {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* boundary_text = "<|endoftext|>";

std::string utf8(std::uint32_t code) {
  if (code < 0x80) return {static_cast<char>(code)};
  return {static_cast<char>(0xC0U | (code >> 6)), static_cast<char>(0x80U | (code & 0x3FU))};
}

// The visible character by which byte-level tokenizers write each byte (GPT-2, Radford et al.
// 2019): itself if it is printable in Latin-1, otherwise the next one from U+0100 on.
std::vector<std::string> visible_bytes() {
  std::vector<std::string> visible;
  std::uint32_t next = 0x100;
  for (std::uint32_t byte = 0; byte < 0x100; ++byte) {
    const bool printable =
        (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    visible.push_back(utf8(printable ? byte : next++));
  }
  return visible;
}

std::string bytes_json(std::int32_t boundary) {
  const Json byte_level = {{"type", "ByteLevel"},
                           {"add_prefix_space", false},
                           {"trim_offsets", false},
                           {"use_regex", false}};
  Json vocabulary = Json::object();
  std::int32_t id = 0;
  for (const std::string& byte : visible_bytes()) vocabulary[byte] = id++;
  const Json model = {{"type", "BPE"},
                      {"dropout", nullptr},
                      {"unk_token", nullptr},
                      {"continuing_subword_prefix", nullptr},
                      {"end_of_word_suffix", nullptr},
                      {"fuse_unk", false},
                      {"byte_fallback", false},
                      {"ignore_merges", false},
                      {"vocab", vocabulary},
                      {"merges", Json::array()}};
  const Json json = {{"version", "1.0"},
                     {"truncation", nullptr},
                     {"padding", nullptr},
                     {"added_tokens", Json::array({special_token(boundary, boundary_text)})},
                     {"normalizer", nullptr},
                     {"pre_tokenizer", byte_level},
                     {"post_processor", boundary_first(boundary, boundary_text)},
                     {"decoder", byte_level},
                     {"model", model}};
  return json.dump(1) + "\n";
}

}  // namespace

std::vector<TextFile> tokenizer_files(const Tokenizer& tokenizer, std::int64_t max_length) {
  Json config = {{"model_max_length", max_length}, {"clean_up_tokenization_spaces", false}};
  if (tokenizer.kind() == "bytes") {
    config["tokenizer_class"] = "PreTrainedTokenizerFast";
    config["bos_token"] = config["eos_token"] = boundary_text;
    return {{"tokenizer.json", bytes_json(tokenizer.boundary())},
            {"tokenizer_config.json", config.dump(1) + "\n"}};
  }
  require(tokenizer.kind() == "sentencepiece", "no file holds a tokenizer of kind {}",
          tokenizer.kind());
  const SentencePieceModel model = read_sentencepiece_model(tokenizer.serialized());
  config["tokenizer_class"] = "PreTrainedTokenizerFast";
  config["bos_token"] = config["eos_token"] =
      model.pieces[static_cast<std::size_t>(tokenizer.boundary())].text;
  return {{"tokenizer.json", sentencepiece_json(model, tokenizer.boundary())},
          {"tokenizer.model", tokenizer.serialized()},
          {"tokenizer_config.json", config.dump(1) + "\n"}};
}

}  // namespace switchyard::hub
