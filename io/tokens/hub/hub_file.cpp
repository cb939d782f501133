#include "io/tokens/hub/hub_file.h"

#include "io/files/durable.h"
#include "io/text/escape.h"
#include "io/tokens/hub/json_part.h"
#include "io/tokens/hub/vocabulary.h"
#include "runtime/error.h"

namespace switchyard::hub {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t largest_file = std::int64_t{1} << 30;
constexpr std::string_view first_line = "huggingface tokenizer 1\n";

// Empty if there is none.
std::string read_neighbour(const fs::path& path, const char* name) {
  const fs::path file = path.parent_path() / name;
  std::error_code unknown;
  return fs::is_regular_file(file, unknown) ? durable::read_file(file, largest_file) : "";
}

json parse_neighbour(const std::string& text, const char* name) {
  if (text.empty()) return json::object();
  const json parsed = json::parse(text, nullptr, false);
  require(parsed.is_object(), Exit::data, "{} beside it is not a JSON object", name);
  return parsed;
}

// A token of tokenizer_config.json: a text, or an object that holds it.
std::string token_of(const json& config, const char* key) {
  const auto found = config.find(key);
  if (found == config.end()) return "";
  const json& token = found->is_object() ? found->value("content", json()) : *found;
  return token.is_string() ? token.get<std::string>() : "";
}

// A token of config.json: an id, or a list of them.
std::string token_of_id(const json& config, const char* key, const Vocabulary& vocabulary) {
  const auto found = config.find(key);
  if (found == config.end()) return "";
  const json& id = found->is_array() && !found->empty() ? found->front() : *found;
  if (!id.is_number_integer()) return "";
  const auto number = id.get<std::int64_t>();
  const std::string* text = number >= 0 && number <= largest_id
                                ? vocabulary.text_of(static_cast<std::int32_t>(number))
                                : nullptr;
  return text != nullptr ? *text : "";
}

// The special token that a post-processor puts before a text.
std::string token_of_template(const json& processor) {
  if (!processor.is_object()) return "";
  if (processor.contains("processors") && processor.at("processors").is_array()) {
    for (const json& each : processor.at("processors")) {
      if (const std::string token = each.contains("processors") ? "" : token_of_template(each);
          !token.empty())
        return token;
    }
  }
  const json single = processor.value("single", json());
  if (!single.is_array() || single.empty() || !single[0].is_object()) return "";
  const json special = single[0].value("SpecialToken", json());
  return special.is_object() ? token_of(special, "id") : "";
}

std::string find_boundary(const json& tokenizer, const json& tokenizer_config, const json& config,
                          const Vocabulary& vocabulary) {
  for (const std::string& token :
       {token_of(tokenizer_config, "bos_token"), token_of_id(config, "bos_token_id", vocabulary),
        token_of_template(tokenizer.value("post_processor", json())),
        token_of(tokenizer_config, "eos_token"), token_of_id(config, "eos_token_id", vocabulary)}) {
    if (!token.empty()) return token;
  }
  fail(Exit::data,
       "nothing says which token starts a document: neither tokenizer_config.json nor config.json "
       "beside it has a bos or eos token; name one with --boundary");
}

}  // namespace

std::string serialized(const HubFile& file) {
  const json head = {{"boundary", file.boundary},
                     {"parses_special_tokens", file.parses_special_tokens},
                     {"tokenizer_config", file.tokenizer_config}};
  return std::string(first_line) + head.dump() + "\n" + file.tokenizer;
}

HubFile parse_hub_file(const std::string& text) {
  const std::size_t begin = is_hub_file(text) ? first_line.size() : text.size();
  const std::size_t end = text.find('\n', begin);
  const json parsed = json::parse(text.substr(begin, end - begin), nullptr, false);
  require(end != std::string::npos && parsed.is_object(), Exit::data,
          "the stored tokenizer is damaged, or another version of Switchyard wrote it");
  const JsonPart head(parsed, "the stored tokenizer");
  head.allow({"boundary", "parses_special_tokens", "tokenizer_config"});
  return {text.substr(end + 1), head.text("tokenizer_config"), head.text("boundary"),
          head.flag("parses_special_tokens")};
}

bool is_hub_file(const std::string& text) { return text.starts_with(first_line); }

HubFile read_hub_file(const fs::path& path, const std::string& boundary,
                      bool parses_special_tokens) {
  HubFile file{durable::read_file(path, largest_file),
               read_neighbour(path, "tokenizer_config.json"), boundary, parses_special_tokens};
  const json tokenizer_config = parse_neighbour(file.tokenizer_config, "tokenizer_config.json");
  if (!boundary.empty()) return file;
  const json tokenizer = parse_tokenizer_json(file.tokenizer);
  const json config = parse_neighbour(read_neighbour(path, "config.json"), "config.json");
  file.boundary =
      find_boundary(tokenizer, tokenizer_config, config, Vocabulary(JsonPart(tokenizer, "")));
  return file;
}

}  // namespace switchyard::hub
