// JsonPart: a part of a tokenizer.json, which anybody may have written. Every key must be known.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace switchyard::hub {

// Errors of everything here: Exit::data, naming the part by its path, such as "normalizer[1]".
class JsonPart {
 public:
  // The caller keeps the value.
  JsonPart(const nlohmann::json& value, std::string path) : value_(value), path_(std::move(path)) {}

  const nlohmann::json& value() const { return value_; }
  const std::string& path() const { return path_; }
  bool has(const char* key) const;  // and it is not null
  JsonPart at(const char* key) const;
  std::string type() const { return text("type"); }
  std::string text(const char* key) const;
  bool flag(const char* key) const;  // required
  bool flag(const char* key, bool otherwise) const;
  std::int64_t integer(const char* key, std::int64_t low, std::int64_t high) const;
  std::vector<JsonPart> items(const char* key) const;  // of an array
  // Errors: Exit::data for any other key.
  void allow(std::initializer_list<const char*> keys) const;
  // What cannot be done; "normalizer[1]: " is put before it.
  [[noreturn]] void refuse(const std::string& why) const;

 private:
  const nlohmann::json& value_;
  std::string path_;
};

// Parses the file. Errors: Exit::data for what is no JSON, names a key twice in one object, or
// nests deeper than 64 levels.
nlohmann::json parse_tokenizer_json(const std::string& text);

}  // namespace switchyard::hub
