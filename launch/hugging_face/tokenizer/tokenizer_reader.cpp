#include "launch/hugging_face/tokenizer/tokenizer_reader.h"

#include <nlohmann/json.hpp>

#include "io/files/durable.h"
#include "io/tokens/hub/hub_file.h"
#include "launch/hugging_face/tokenizer/hub_tokenizer.h"
#include "runtime/error.h"

namespace switchyard::hub {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t largest_file = 1'000'000'000;
constexpr const char* json_name = "tokenizer.json";
constexpr const char* sentencepiece_name = "tokenizer.model";

// True for the tokenizer.json that this program writes for bytes.
bool is_bytes(const std::string& json) {
  const std::string ours = tokenizer_files(*make_byte_tokenizer(), 0).front().bytes;
  const auto parsed = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  return parsed == nlohmann::json::parse(ours);
}

std::unique_ptr<Tokenizer> read_json(const fs::path& path) {
  const std::string text = durable::read_file(path, largest_file);
  if (is_bytes(text)) return make_byte_tokenizer();
  try {
    return make_hub_tokenizer(serialized(read_hub_file(path, "", /*parses_special_tokens=*/false)));
  } catch (const Error& error) {
    fail(error.code(), "{}: {}", path.string(), error.what());
  }
}

std::unique_ptr<Tokenizer> read_sentencepiece(const fs::path& path) {
  try {
    return make_sentencepiece_tokenizer(durable::read_file(path, largest_file));
  } catch (const Error& error) {
    fail(error.code(), "{}: {}", path.string(), error.what());
  }
}

}  // namespace

std::unique_ptr<Tokenizer> read_hub_tokenizer(const fs::path& folder, const std::string& named) {
  if (named == "bytes") return make_byte_tokenizer();
  if (!named.empty()) {
    require(fs::is_regular_file(named), Exit::usage, "there is no file {} with a tokenizer", named);
    return named.ends_with(".json") ? read_json(named) : read_sentencepiece(named);
  }
  const bool has_json = fs::exists(folder / json_name);
  if (fs::exists(folder / sentencepiece_name)) {
    try {
      return read_sentencepiece(folder / sentencepiece_name);
    } catch (const Error&) {
      if (!has_json) throw;  // Llama 3 has a file of this name in another format
    }
  }
  require(has_json, Exit::data,
          "{} has neither {} nor {}: write one there, by save_pretrained of transformers' "
          "AutoTokenizer, or name one with --tokenizer",
          folder.string(), json_name, sentencepiece_name);
  return read_json(folder / json_name);
}

}  // namespace switchyard::hub
