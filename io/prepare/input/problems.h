// Problems: what was wrong with the input, counted by kind, with the first few places of each.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace switchyard::prepare {

enum class Problem : std::uint8_t {
  invalid_utf8,  // repaired: the document stays
  nul_bytes,     // replaced by U+FFFD: the document stays
  empty_document,
  broken_json,
  no_text_field,
  too_large,
  unreadable_file,  // counted once, however many parts of it: the documents read before stay
  corrupt_archive,  // a file: the documents before the damage stay
  // Saved accounts name kinds by number: new ones come last.
  large_window,      // a .zst: no document of it stays
  trailing_garbage,  // a .gz: it is read as if that were not there
  skipped_file,      // a file or linked folder that a folder or glob holds and that is not read
  empty_file,        // a file of JSON without a value
  no_prompt_field,
  num_kinds
};

// Where in a file. A part of a file knows its lines only from where the part starts; json() adds
// up the lines of the parts before it, so that the cuts of a file do not change a line's number.
struct Place {
  std::int64_t byte = 0;        // where the line starts in the uncompressed file
  std::int64_t part_begin = 0;  // where the part starts that the line was found in
  std::int64_t line = 0;        // within the part, from 1; 0: the whole file is meant

  auto operator<=>(const Place&) const = default;
};

// The outcome of merging is the same in any order.
class Problems {
 public:
  static constexpr std::size_t num_places_kept = 20;  // the smallest by (path, byte)
  static constexpr std::size_t num_files_kept = 20;   // the smallest by path

  void add(Problem kind, const std::filesystem::path& file, const Place& place);
  // Records that num_lines lines start in [begin, end) of a file that is read in several parts.
  void add_part(const std::filesystem::path& file, std::int64_t begin, std::int64_t end,
                std::int64_t num_lines);
  void merge(const Problems& other);

  std::int64_t count(Problem kind) const { return of(static_cast<std::size_t>(kind)).count; }

  // {"broken_json": {"count": 2, "files": {FILE: 2}, "first": [{"file": ..., "line": ..., "byte":
  // ...}, ...]}, ...}: what occurred. files: how often in each of the first few. Only "file" where
  // a whole file is meant; no "line" where a part before it is missing.
  nlohmann::json json() const;

  // All there is to know, to be merged elsewhere. Errors of from_state: Exit::data.
  nlohmann::json state() const;
  static Problems from_state(const nlohmann::json& state);

 private:
  struct FilePlace {
    std::string file;  // its path as valid UTF-8
    Place place;

    auto operator<=>(const FilePlace&) const = default;
  };
  struct Kind {
    std::int64_t count = 0;
    std::vector<FilePlace> first;               // ascending
    std::map<std::string, std::int64_t> files;  // the first few, and their counts
  };
  struct PartLines {
    std::int64_t end = 0, num_lines = 0;
  };
  using Parts = std::map<std::int64_t, PartLines>;  // by where they begin

  Kind of(std::size_t kind) const;
  void add_unreadable(const std::string& file, const Place& place);
  static void keep_first(std::vector<FilePlace>& first, FilePlace&& place);
  static void count_file(Kind& kind, const std::string& file, std::int64_t count);
  nlohmann::json describe(const FilePlace& place) const;

  std::array<Kind, static_cast<std::size_t>(Problem::num_kinds)> kinds_;
  std::map<std::string, Parts> parts_;       // of the files that were cut
  std::map<std::string, Place> unreadable_;  // files, and the first place where each is
};

}  // namespace switchyard::prepare
