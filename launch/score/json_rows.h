// Rows of JSON that a task or a list of requests is made of, and errors that say which one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::tasks {

class Row {
 public:
  Row(nlohmann::json object, std::string where)
      : object_(std::move(object)), where_(std::move(where)) {}

  const std::string& where() const { return where_; }  // "FILE, line N"
  const nlohmann::json& object() const { return object_; }
  bool has(std::string_view field) const { return object_.contains(field); }
  // Two rows with the same fields and values are equal, wherever they are.
  bool operator==(const Row& other) const { return object_ == other.object_; }

  // Errors of all: Exit::data naming file, line and field, if it is missing or of another kind.
  // A field within another is written "choices/text".
  const nlohmann::json& field(std::string_view name) const;
  std::string text(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;  // at least one
  // An integer, or a text of one; below `count`.
  std::size_t index(std::string_view name, std::size_t count) const;
  [[noreturn]] void reject(std::string_view name, std::string_view reason) const;

 private:
  nlohmann::json object_;
  std::string where_;
};

// The objects of a file of JSON lines (.jsonl, .ndjson; .json may also be an array), plain or with
// .gz or .zst. limit: of the objects; -1: none. Errors: Exit::usage if there is no such file,
// Exit::data naming the line that is not a JSON object, and for a file without one.
std::vector<Row> read_rows(const std::filesystem::path& file, std::int64_t limit = -1);

}  // namespace switchyard::tasks
