#include "launch/hugging_face/tokenizer/hub_tokenizer.h"

#include <nlohmann/json.hpp>

#include "io/tokens/hub/byte_alphabet.h"
#include "io/tokens/hub/hub_file.h"
#include "io/tokens/sentencepiece_model.h"
#include "launch/hugging_face/tokenizer/sentencepiece_json.h"
#include "launch/hugging_face/tokenizer/tokenizer_parts.h"
#include "runtime/error.h"

namespace switchyard::hub {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* boundary_text = "<|endoftext|>";

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

// The files that it came from, as they were.
std::vector<TextFile> files_of(const HubFile& file, Json config) {
  config["tokenizer_class"] = "PreTrainedTokenizerFast";
  config["bos_token"] = config["eos_token"] = file.boundary;
  const bool had_config = !file.tokenizer_config.empty();
  return {{"tokenizer.json", file.tokenizer},
          {"tokenizer_config.json", had_config ? file.tokenizer_config : config.dump(1) + "\n"}};
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
  if (tokenizer.kind() == "huggingface")
    return files_of(parse_hub_file(tokenizer.serialized()), config);
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
