#include "io/prepare/stages/tokenizer_choice.h"

#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "io/files/durable.h"
#include "io/tokens/hub/hub_file.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

constexpr std::int64_t largest_model = std::int64_t{1} << 30;
// Canonical order is the order of hashes, so the first documents are a fair sample of all.
constexpr std::size_t training_bytes = std::size_t{256} << 20;

int parse_vocabulary(std::string_view text) {
  int vocabulary = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), vocabulary);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  require(is_number && vocabulary >= 300 && vocabulary <= 1000000, Exit::usage,
          "the vocabulary of sentencepiece:{} must be a number from 300 to 1000000", text);
  return vocabulary;
}

bool is_json(const Config& config) {
  return config.tokenizer_model.empty() && config.tokenizer.ends_with(".json");
}

// What config.tokenizer_model holds, or the file that config.tokenizer names.
std::unique_ptr<Tokenizer> read_model(const Config& config) {
  try {
    if (is_json(config)) {
      return make_hub_tokenizer(hub::serialized(
          hub::read_hub_file(config.tokenizer, config.boundary, config.parses_special_tokens)));
    }
    const std::string model = config.tokenizer_model.empty()
                                  ? durable::read_file(config.tokenizer, largest_model)
                                  : config.tokenizer_model;
    return hub::is_hub_file(model) ? make_hub_tokenizer(model)
                                   : make_sentencepiece_tokenizer(model);
  } catch (const Error& error) {
    fail(error.code(), "the tokenizer {}: {}", config.tokenizer, error.what());
  }
}

}  // namespace

TokenizerChoice choose_tokenizer(const Config& config) {
  constexpr std::string_view learn = "sentencepiece:";
  const std::string& option = config.tokenizer;
  const bool has_model = !config.tokenizer_model.empty();
  const bool has_json_options = !config.boundary.empty() || config.parses_special_tokens;
  require(!has_json_options || is_json(config), Exit::usage,
          "--boundary and --special-tokens are for a tokenizer.json, and --tokenizer {} is none",
          option);
  if (option == "bytes") return {option, make_byte_tokenizer()};
  if (!has_model && option.starts_with(learn)) {
    return {option, nullptr, parse_vocabulary(std::string_view(option).substr(learn.size()))};
  }
  std::error_code ignored;
  require(has_model || std::filesystem::is_regular_file(option, ignored), Exit::usage,
          "there is no tokenizer '{}': use bytes, sentencepiece:VOCABULARY, the path of a "
          "tokenizer.json or of a SentencePiece .model file, or a run, checkpoint or dataset for "
          "its tokenizer",
          option);
  auto tokenizer = read_model(config);
  const std::string recipe = "model " + tokenizer->hash();
  return {recipe, std::move(tokenizer)};
}

std::unique_ptr<Tokenizer> learn_tokenizer(int vocabulary, const DocumentStore& documents,
                                           double validation_fraction) {
  std::vector<std::string> sample;
  std::size_t bytes = 0;
  for (const KeptShard& shard : documents.kept) {
    for (std::int64_t i = 0; i < shard.size() && bytes <= training_bytes; ++i) {
      if (documents.source(shard.source(i)).generation > 0) break;
      if (is_validation(shard.hash(i), validation_fraction)) continue;
      sample.push_back(shard.text(i));
      bytes += sample.back().size();
    }
  }
  require(!sample.empty(), Exit::usage,
          "there is no training document to learn a vocabulary from: choose an existing tokenizer, "
          "or a smaller validation fraction");
  return make_sentencepiece_tokenizer(train_sentencepiece(sample, vocabulary));
}

bool is_validation(const ContentHash& hash, double fraction) {
  return static_cast<double>(hash.low >> 11) * 0x1p-53 < fraction;
}

}  // namespace switchyard::prepare
