#include "io/prepare.h"

#include <charconv>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

#include "io/committed_folder.h"
#include "io/corpus.h"
#include "io/dataset_writer.h"
#include "io/durable.h"
#include "io/token_store.h"
#include "io/tokenizer.h"
#include "io/unicode.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t largest_report = std::int64_t{64} << 20;
constexpr std::int64_t largest_model = std::int64_t{1} << 30;
// Canonical order is the order of hashes, so the first documents are a fair sample of all.
constexpr std::size_t tokenizer_training_bytes = std::size_t{256} << 20;

// What the tokenizer option asks for: one that exists already, or a vocabulary to learn.
struct TokenizerChoice {
  std::string recipe;
  std::unique_ptr<Tokenizer> existing;
  int vocabulary = 0;
};

int parse_vocabulary(std::string_view text) {
  int vocabulary = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), vocabulary);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  require(is_number && vocabulary >= 300 && vocabulary <= 1000000, Exit::usage,
          "the vocabulary of sentencepiece:{} must be a number from 300 to 1000000", text);
  return vocabulary;
}

TokenizerChoice choose_tokenizer(const std::string& option) {
  constexpr std::string_view learn = "sentencepiece:";
  if (option == "bytes") return {option, make_byte_tokenizer()};
  if (option.starts_with(learn)) {
    return {option, nullptr, parse_vocabulary(std::string_view(option).substr(learn.size()))};
  }
  std::error_code ignored;
  require(fs::is_regular_file(option, ignored), Exit::usage,
          "there is no tokenizer '{}': use bytes, sentencepiece:VOCABULARY or the path of a "
          "SentencePiece .model file",
          option);
  auto tokenizer = make_sentencepiece_tokenizer(durable::read_file(option, largest_model));
  const std::string recipe = "model " + tokenizer->hash();
  return {recipe, std::move(tokenizer)};
}

std::unique_ptr<Tokenizer> learn_tokenizer(int vocabulary, std::span<const Document> documents) {
  std::vector<std::string> sample;
  std::size_t bytes = 0;
  for (const Document& document : documents) {
    bytes += document.text.size();
    if (bytes > tokenizer_training_bytes && !sample.empty()) break;
    sample.push_back(document.text);
  }
  return make_sentencepiece_tokenizer(train_sentencepiece(sample, vocabulary));
}

void check_config(const PrepareConfig& config) {
  require(!config.inputs.empty(), Exit::usage, "there are no inputs to prepare");
  require(!config.output.empty(), Exit::usage, "there is no output folder");
  require(config.validation_fraction >= 0.0 && config.validation_fraction < 1.0, Exit::usage,
          "the validation fraction is {} and must be at least 0 and below 1",
          config.validation_fraction);
}

// What the dataset is a function of.
json recipe_of(const PrepareConfig& config, const Corpus& corpus, const std::string& tokenizer) {
  return {{"documents_hash", corpus.hash.hex()},
          {"tokenizer", tokenizer},
          {"unicode", "utf8proc " + unicode_version()},
          {"validation_fraction", config.validation_fraction}};
}

// The output is committed: it is this dataset, or it is refused.
PrepareReport existing_dataset(const fs::path& output, const json& recipe) {
  const Manifest manifest = open_folder(output, dataset_kind, dataset_version);
  const json found = manifest.meta.value("recipe", json::object());
  for (const auto& [key, value] : recipe.items()) {
    const json other = found.value(key, json());
    require(other == value, Exit::usage,
            "'{}' holds another dataset already: its {} is {} and would be {}; choose another "
            "output folder, or remove this one",
            output.string(), key, other.dump(), value.dump());
  }
  return {true, json::parse(durable::read_file(output / report_file, largest_report))};
}

json write_dataset(const fs::path& output, Corpus& corpus, const json& recipe,
                   const Tokenizer& tokenizer, const PrepareProgress& progress) {
  DatasetWriter writer(output);
  std::int64_t total_bytes = 0, bytes = 0;
  for (const Document& document : corpus.documents) total_bytes += std::ssize(document.text);
  const auto done = [&](std::int64_t more) { progress("tokenize", bytes += more, total_bytes); };

  const json description = {{"kind", tokenizer.kind()},
                            {"vocabulary", tokenizer.vocabulary()},
                            {"boundary", tokenizer.boundary()},
                            {"hash", tokenizer.hash()}};
  json report = std::move(corpus.report);
  report["tokens"]["train"] = writer.add_split("train", corpus.train(), tokenizer, done);
  report["tokens"]["validation"] =
      writer.add_split("validation", corpus.validation(), tokenizer, done);
  report["tokenizer"] = description;
  if (tokenizer.kind() == "sentencepiece") writer.add_file(tokenizer_file, tokenizer.serialized());
  writer.add_file(report_file, report.dump(2) + "\n");
  writer.commit(
      {{"tokenizer", description},
       {"recipe", recipe},
       {"sources",
        {{"documents", report["documents"]["in"]}, {"text_bytes", report["read"]["text_bytes"]}}}});
  return report;
}

}  // namespace

PrepareReport prepare(const PrepareConfig& config, const PrepareProgress& progress) {
  check_config(config);
  const PrepareProgress tell = progress ? progress : [](const auto&, auto, auto) {};
  if (!is_committed(config.output)) require_replaceable(config.output);
  TokenizerChoice choice = choose_tokenizer(config.tokenizer);
  Corpus corpus =
      read_corpus(config.inputs, config.text_field, config.validation_fraction,
                  [&](std::int64_t done, std::int64_t total) { tell("read", done, total); });
  const json recipe = recipe_of(config, corpus, choice.recipe);
  if (is_committed(config.output)) return existing_dataset(config.output, recipe);
  if (!choice.existing) {
    tell("train tokenizer", 0, 0);
    choice.existing = learn_tokenizer(choice.vocabulary, corpus.train());
  }
  return {false, write_dataset(config.output, corpus, recipe, *choice.existing, tell)};
}

}  // namespace switchyard
