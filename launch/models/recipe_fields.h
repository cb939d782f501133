// The fields of a table of a recipe, each with its type and range.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/ranges.h>

#include "io/files/toml.h"
#include "runtime/error.h"
#include "runtime/names.h"
#include "runtime/tensor.h"

namespace switchyard::models {

// Errors: Exit::usage with file and line.
toml::table parse_recipe_toml(const std::string& text, const std::string& name);

// Errors of everything here: Exit::usage, naming file, line and key.
class Fields {
 public:
  // The caller keeps the table. name: of the file.
  Fields(const toml::table& table, std::string name) : table_(table), name_(std::move(name)) {}

  bool has(const char* key) const;
  std::string text(const char* key) const;
  bool flag(const char* key) const;
  double number(const char* key, double low, double high) const;
  std::int64_t integer(const char* key, std::int64_t low, std::int64_t high) const;
  std::vector<double> numbers(const char* key, double low, double high) const;
  std::vector<std::string> texts(const char* key) const;  // of a list
  DType dtype(const char* key) const;                     // "f32" or "bf16"
  template <HasNames Enum>
  Enum named(const char* key) const {
    const std::string name = text(key);
    const std::optional<Enum> value = value_named<Enum>(name);
    if (!value) refuse(key, fmt::format("one of {}", fmt::join(names_of<Enum>, ", ")));
    return *value;
  }
  std::vector<Fields> tables(const char* key) const;   // of [[key]]; none if there is no such key
  std::optional<Fields> table(const char* key) const;  // [key], if there is one
  std::vector<std::string> keys() const;               // of this table, in the file's order
  // "FILE:LINE" of a key, or of the table if it has no such key.
  std::string place(const std::string& key) const;
  // For keys that nothing above asked for.
  void refuse_others() const;

 private:
  const toml::node& at(const char* key) const;
  std::string where(const toml::node& node) const;
  [[noreturn]] void refuse(const char* key, const std::string& expected) const;

  const toml::table& table_;
  std::string name_;
  mutable std::set<std::string, std::less<>> asked_;
};

}  // namespace switchyard::models
