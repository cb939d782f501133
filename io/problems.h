// Problems: what was wrong with the input, counted by kind, with the first few places of each.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace switchyard {

enum class Problem : std::uint8_t {
  invalid_utf8,  // repaired, the document stays; all others drop the document
  empty_document,
  broken_json,
  no_text_field,
  too_large,
  unreadable_file,
  num_kinds
};

class Problems {
 public:
  static constexpr std::size_t num_places_kept = 20;

  // line: from 1 in .jsonl, 0 where the whole file is meant.
  void add(Problem kind, const std::filesystem::path& file, std::int64_t line);

  std::int64_t count(Problem kind) const { return kinds_[static_cast<std::size_t>(kind)].count; }
  // {"broken_json": {"count": 2, "first": [{"file": ..., "line": ...}, ...]}, ...}: what occurred.
  nlohmann::json json() const;

 private:
  struct Place {
    std::string file;
    std::int64_t line;
  };
  struct Kind {
    std::int64_t count = 0;
    std::vector<Place> first;
  };
  std::array<Kind, static_cast<std::size_t>(Problem::num_kinds)> kinds_;
};

}  // namespace switchyard
