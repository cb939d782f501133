#include "launch/models/recipe_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "io/files/nearest_name.h"
#include "io/text/escape.h"

namespace switchyard::models {
namespace {

std::string text_of(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  return terminal_text(shortened(text.str(), 100));
}

}  // namespace

toml::table parse_recipe_toml(const std::string& text, const std::string& name) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    fail(Exit::usage, "{}:{}: {}", name, error.source().begin.line, error.description());
  }
}

bool Fields::has(const char* key) const {
  asked_.insert(key);
  return table_.contains(key);
}

std::string Fields::text(const char* key) const {
  const auto value = at(key).value_exact<std::string>();
  if (!value || value->empty()) refuse(key, "a text");
  return *value;
}

bool Fields::flag(const char* key) const {
  const auto value = at(key).value_exact<bool>();
  if (!value) refuse(key, "true or false");
  return *value;
}

double Fields::number(const char* key, double low, double high) const {
  const auto value = at(key).is_number() ? at(key).value<double>() : std::nullopt;
  if (!value || !(*value >= low && *value <= high))
    refuse(key, fmt::format("a number from {} to {}", low, high));
  return *value;
}

std::int64_t Fields::integer(const char* key, std::int64_t low, std::int64_t high) const {
  const auto value = at(key).value_exact<std::int64_t>();
  if (!value || *value < low || *value > high)
    refuse(key, fmt::format("an integer from {} to {}", low, high));
  return *value;
}

std::vector<double> Fields::numbers(const char* key, double low, double high) const {
  const toml::array* const list = at(key).as_array();
  const std::string expected = fmt::format("a list of numbers from {} to {}", low, high);
  if (list == nullptr) refuse(key, expected);
  std::vector<double> values;
  for (const toml::node& node : *list) {
    const auto value = node.is_number() ? node.value<double>() : std::nullopt;
    if (!value || !(*value >= low && *value <= high)) refuse(key, expected);
    values.push_back(*value);
  }
  return values;
}

std::vector<std::string> Fields::texts(const char* key) const {
  const toml::array* const list = at(key).as_array();
  if (list == nullptr) refuse(key, "a list of texts");
  std::vector<std::string> values;
  for (const toml::node& node : *list) {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty()) refuse(key, "a list of texts");
    values.push_back(*value);
  }
  return values;
}

std::optional<Fields> Fields::table(const char* key) const {
  if (!has(key)) return std::nullopt;
  if (!at(key).is_table()) refuse(key, fmt::format("a table: write [{}] above its keys", key));
  return Fields(*at(key).as_table(), name_);
}

std::vector<std::string> Fields::keys() const {
  std::vector<std::pair<std::uint32_t, std::string>> found;
  for (const auto& [key, node] : table_) {
    found.emplace_back(node.source().begin.line, std::string(key.str()));
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (auto& [line, name] : found) names.push_back(std::move(name));
  return names;
}

std::string Fields::place(const std::string& key) const {
  const toml::node* const node = table_.get(key);
  return where(node != nullptr ? *node : table_);
}

DType Fields::dtype(const char* key) const {
  const std::string name = text(key);
  if (name == "f32") return DType::f32;
  if (name == "bf16") return DType::bf16;
  refuse(key, "\"f32\" or \"bf16\"");
}

std::vector<Fields> Fields::tables(const char* key) const {
  std::vector<Fields> found;
  if (!has(key)) return found;
  if (!at(key).is_array_of_tables())
    refuse(key, fmt::format("a list of tables: write [[{}]] above each", key));
  for (const toml::node& node : *at(key).as_array()) found.emplace_back(*node.as_table(), name_);
  return found;
}

void Fields::refuse_others() const {
  for (const auto& [key, node] : table_) {
    if (asked_.contains(key.str())) continue;
    const std::string name = terminal_text(std::string(key.str()));
    fail(Exit::usage, "{}: unknown key {}; did you mean {}?", where(node), name,
         nearest_name(asked_, key.str()));
  }
}

const toml::node& Fields::at(const char* key) const {
  asked_.insert(key);
  const toml::node* const node = table_.get(key);
  if (node != nullptr) return *node;
  fail(Exit::usage, "{}: {} is missing", where(table_), key);
}

std::string Fields::where(const toml::node& node) const {
  const auto line = node.source().begin.line;
  return line == 0 ? name_ : fmt::format("{}:{}", name_, line);
}

void Fields::refuse(const char* key, const std::string& expected) const {
  fail(Exit::usage, "{}: {} = {} must be {}", where(at(key)), key, text_of(at(key)), expected);
}

}  // namespace switchyard::models
