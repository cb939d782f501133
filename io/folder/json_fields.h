// JsonFields: the fields of a JSON object that may come from anywhere, each with its type and
// range.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace switchyard {

// Errors of everything here: Exit::data, naming the field by its whole path, for one that is
// missing, of another type or out of range.
class JsonFields {
 public:
  // The caller keeps the object. path: of the object itself, such as "meta.trainer". file: the one
  // that errors name; empty: none.
  JsonFields(const nlohmann::json& object, std::string path, std::string file = "");

  bool has(const char* key) const;  // and it is not null
  std::vector<std::string> names() const;
  JsonFields object(const char* key) const;
  std::string text(const char* key) const;
  double number(const char* key, double low, double high) const;
  std::int64_t integer(const char* key, std::int64_t low, std::int64_t high) const;
  std::vector<double> numbers(const char* key, double low, double high) const;

 private:
  const nlohmann::json& at(const char* key) const;
  [[noreturn]] void refuse(const char* key, const std::string& expected) const;

  const nlohmann::json& object_;
  std::string path_, where_;
};

}  // namespace switchyard
