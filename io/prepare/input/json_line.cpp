#include "io/prepare/input/json_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <system_error>

#include "io/prepare/input/json_scanner.h"

namespace switchyard::prepare {
namespace {

struct Field {
  std::string_view name;
  std::string_view raw;  // as the line has it; empty if it does not
};

enum : std::size_t { text, prompt, id, url, first_of_meta };
using Fields = std::array<Field, 8>;

// A number that some reader of the dataset would refuse does not get into it.
bool fits_double(std::string_view raw) {
  double value = 0;
  return std::from_chars(raw.data(), raw.data() + raw.size(), value).ec == std::errc();
}

// Puts a member of the line into the first field of its name, if there is one.
void keep_member(std::string_view raw_key, std::string_view raw, Fields& fields) {
  std::string unescaped;
  std::string_view key = raw_key.substr(1, raw_key.size() - 2);
  if (key.find('\\') != std::string_view::npos) key = unescaped = json_unescape(raw_key);
  const auto field = std::find_if(fields.begin(), fields.end(),
                                  [&](const Field& known) { return known.name == key; });
  if (field != fields.end()) field->raw = raw;
}

// False: the line is not JSON. The fields stay empty where it is no object.
bool read_fields(std::string_view line, Fields& fields) {
  JsonScanner scanner(line);
  std::string_view key, raw;
  if (!scanner.accept('{')) return scanner.value(raw) && scanner.at_end();
  if (scanner.accept('}')) return scanner.at_end();
  do {
    if (!scanner.key(key) || !scanner.value(raw)) return false;
    keep_member(key, raw, fields);
  } while (scanner.accept(','));
  return scanner.accept('}') && scanner.at_end();
}

std::string id_of(std::string_view raw, bool& had_lone_surrogates) {
  if (is_json_string(raw)) return json_unescape(raw, &had_lone_surrogates);
  const bool is_integer = is_json_number(raw) && raw.find_first_of(".eE") == std::string_view::npos;
  return is_integer ? std::string(raw) : std::string();
}

std::string meta_of(std::span<const Field> fields, bool& had_lone_surrogates) {
  std::string meta;
  for (const auto& [name, raw] : fields) {
    const bool is_number = is_json_number(raw) && fits_double(raw);
    if (!is_json_string(raw) && !is_number) continue;
    meta += meta.empty() ? '{' : ',';
    meta += nlohmann::json(name).dump() + ':';
    meta += is_number ? std::string(raw)
                      : nlohmann::json(json_unescape(raw, &had_lone_surrogates)).dump();
  }
  if (!meta.empty()) meta += '}';
  return meta;
}

}  // namespace

std::variant<JsonLine, Problem> read_json_line(std::string_view line, const TextFields& names) {
  Fields fields = {{{names.text, {}},
                    {names.prompt, {}},
                    {"id", {}},
                    {"url", {}},
                    {"date", {}},
                    {"licence", {}},
                    {"license", {}},
                    {"source", {}}}};
  if (!read_fields(line, fields)) return Problem::broken_json;
  if (!is_json_string(fields[text].raw)) return Problem::no_text_field;
  if (!names.prompt.empty() && !is_json_string(fields[prompt].raw)) return Problem::no_prompt_field;
  JsonLine result;
  bool& lone = result.had_lone_surrogates;
  result.text = json_unescape(fields[text].raw, &lone);
  if (!names.prompt.empty()) result.prompt = json_unescape(fields[prompt].raw, &lone);
  result.id = id_of(fields[id].raw, lone);
  if (is_json_string(fields[url].raw)) result.url = json_unescape(fields[url].raw, &lone);
  result.meta = meta_of(std::span(fields).subspan<first_of_meta>(), lone);
  return result;
}

}  // namespace switchyard::prepare
