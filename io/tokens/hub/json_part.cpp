#include "io/tokens/hub/json_part.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "io/text/escape.h"
#include "runtime/error.h"

namespace switchyard::hub {

using nlohmann::json;

bool JsonPart::has(const char* key) const {
  return value_.is_object() && value_.contains(key) && !value_.at(key).is_null();
}

JsonPart JsonPart::at(const char* key) const {
  if (!value_.is_object()) refuse("it is not an object");
  if (!has(key)) refuse(fmt::format("it has no '{}'", key));
  return {value_.at(key), path_.empty() ? key : path_ + "." + key};
}

std::string JsonPart::text(const char* key) const {
  const JsonPart part = at(key);
  if (!part.value_.is_string()) part.refuse("it is not a string");
  return part.value_.get<std::string>();
}

bool JsonPart::flag(const char* key) const {
  const JsonPart part = at(key);
  if (!part.value_.is_boolean()) part.refuse("it is neither true nor false");
  return part.value_.get<bool>();
}

bool JsonPart::flag(const char* key, bool otherwise) const {
  return has(key) ? flag(key) : otherwise;
}

std::int64_t JsonPart::integer(const char* key, std::int64_t low, std::int64_t high) const {
  const JsonPart part = at(key);
  const bool fits = part.value_.is_number_integer() &&
                    (!part.value_.is_number_unsigned() ||
                     part.value_.get<std::uint64_t>() <= static_cast<std::uint64_t>(high));
  const auto number = fits ? part.value_.get<std::int64_t>() : low - 1;
  if (number < low || number > high)
    part.refuse(fmt::format("it is not a whole number from {} to {}", low, high));
  return number;
}

std::vector<JsonPart> JsonPart::items(const char* key) const {
  const JsonPart part = at(key);
  if (!part.value_.is_array()) part.refuse("it is not an array");
  std::vector<JsonPart> parts;
  for (std::size_t i = 0; i < part.value_.size(); ++i)
    parts.emplace_back(part.value_[i], fmt::format("{}[{}]", part.path_, i));
  return parts;
}

void JsonPart::allow(std::initializer_list<const char*> keys) const {
  if (!value_.is_object()) refuse("it is not an object");
  for (const auto& [key, ignored] : value_.items()) {
    const bool known =
        std::any_of(keys.begin(), keys.end(),
                    [&, name = key.c_str()](const char* k) { return std::strcmp(name, k) == 0; });
    if (!known)
      refuse(fmt::format("it has the key '{}', which this version of Switchyard does not know",
                         terminal_text(shortened(key, 100))));
  }
}

void JsonPart::refuse(const std::string& why) const {
  fail(Exit::data, "{}: {}", path_.empty() ? "tokenizer.json" : path_, why);
}

json parse_tokenizer_json(const std::string& text) {
  constexpr int deepest = 64;
  std::vector<std::unordered_set<std::string>> keys(1);  // of each object that is open
  const auto look = [&](int depth, json::parse_event_t event, const json& parsed) {
    require(depth < deepest, Exit::data, "tokenizer.json nests deeper than {} levels", deepest);
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key) {
      const bool is_new = keys.back().insert(parsed.get_ref<const std::string&>()).second;
      if (!is_new)
        fail(Exit::data, "tokenizer.json names '{}' twice in one object",
             terminal_text(shortened(parsed.get_ref<const std::string&>(), 100)));
    }
    return true;
  };
  try {
    return json::parse(text, look);
  } catch (const json::exception& error) {
    fail(Exit::data, "tokenizer.json is not JSON: {}", terminal_text(error.what()));
  }
}

}  // namespace switchyard::hub
