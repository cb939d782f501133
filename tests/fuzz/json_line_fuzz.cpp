// Fuzzes the JSON of a line; nlohmann's parser is the oracle.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "io/prepare/input/json_line.h"
#include "io/prepare/input/json_scanner.h"
#include "io/text/unicode.h"

namespace switchyard::prepare {
namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

bool is_json(std::string_view text) {
  JsonScanner scanner(text);
  std::string_view raw;
  return scanner.value(raw) && scanner.at_end();
}

// Nothing where nlohmann has another opinion for a good reason: a number that no double can hold,
// and what Python's and JavaScript's writers make beyond the standard.
std::optional<bool> nlohmann_accepts(const std::string& text, nlohmann::json& value) {
  try {
    value = nlohmann::json::parse(text);
    return true;
  } catch (const nlohmann::json::parse_error&) {
    const bool is_lenient = text.find("NaN") != std::string::npos ||
                            text.find("Infinity") != std::string::npos ||
                            text.find("\\u") != std::string::npos;
    if (is_lenient) return std::nullopt;
    return false;
  } catch (const nlohmann::json::out_of_range&) {
    return std::nullopt;
  }
}

void check(std::string text) {
  repair_utf8(text);
  std::replace(text.begin(), text.end(), '\0', ' ');  // which end the text for nlohmann
  if (text.starts_with("\xEF\xBB\xBF")) return;       // which nlohmann passes over
  nlohmann::json value;
  const auto accepted = nlohmann_accepts(text, value);
  demand(!accepted || *accepted == is_json(text));
  const auto result = read_json_line(text, "text");
  if (const auto* line = std::get_if<JsonLine>(&result)) {
    demand(!accepted || *accepted);
    demand(!accepted || value["text"] == line->text);
    demand(line->meta.empty() || nlohmann::json::parse(line->meta).is_object());
    std::string copy = line->text + line->id + line->url;
    demand(!repair_utf8(copy));
  } else if (std::get<Problem>(result) == Problem::no_text_field) {
    demand(!accepted || *accepted);
  }
}

}  // namespace
}  // namespace switchyard::prepare

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  switchyard::prepare::check(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
