#include "io/prepare/input/problems.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "io/text/unicode.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

using Json = nlohmann::json;

constexpr std::array<const char*, static_cast<std::size_t>(Problem::num_kinds)> names = {
    "invalid_utf8", "nul_bytes",       "empty_document",  "broken_json",  "no_text_field",
    "too_large",    "unreadable_file", "corrupt_archive", "large_window", "trailing_garbage",
    "skipped_file", "empty_file",      "no_prompt_field"};

// A file name may hold any bytes, a JSON report may not.
std::string name_of(const std::filesystem::path& file) {
  std::string name = file.string();
  repair_utf8(name);
  return name;
}

// How many lines start before byte `end`; nothing unless the parts cover everything before it.
template <class Parts>
std::optional<std::int64_t> lines_before(const Parts& parts, std::int64_t end) {
  std::int64_t covered = 0, num_lines = 0;
  for (auto part = parts.begin(); covered < end && part != parts.end(); ++part) {
    if (part->first != covered) return std::nullopt;
    covered = part->second.end;
    num_lines += part->second.num_lines;
  }
  return covered == end ? std::optional(num_lines) : std::nullopt;
}

}  // namespace

void Problems::keep_first(std::vector<FilePlace>& first, FilePlace&& place) {
  if (first.size() == num_places_kept && place >= first.back()) return;
  first.insert(std::upper_bound(first.begin(), first.end(), place), std::move(place));
  if (first.size() > num_places_kept) first.pop_back();
}

// A file that falls out has too many before it to come back, so the counts of those that stay are
// whole in any order of adding.
void Problems::count_file(Kind& kind, const std::string& file, std::int64_t count) {
  kind.files[file] += count;
  if (kind.files.size() > num_files_kept) kind.files.erase(std::prev(kind.files.end()));
}

void Problems::add(Problem kind, const std::filesystem::path& file, const Place& place) {
  if (kind == Problem::unreadable_file) return add_unreadable(name_of(file), place);
  Kind& entry = kinds_[static_cast<std::size_t>(kind)];
  ++entry.count;
  count_file(entry, name_of(file), 1);
  keep_first(entry.first, {name_of(file), place});
}

void Problems::add_unreadable(const std::string& file, const Place& place) {
  const auto [known, is_new] = unreadable_.try_emplace(file, place);
  if (!is_new) known->second = std::min(known->second, place);
}

Problems::Kind Problems::of(std::size_t kind) const {
  Kind result = kinds_[kind];
  if (kind != static_cast<std::size_t>(Problem::unreadable_file)) return result;
  result.count += std::ssize(unreadable_);
  for (const auto& [file, place] : unreadable_) {
    keep_first(result.first, {file, place});
    count_file(result, file, 1);
  }
  return result;
}

void Problems::add_part(const std::filesystem::path& file, std::int64_t begin, std::int64_t end,
                        std::int64_t num_lines) {
  parts_[name_of(file)][begin] = {end, num_lines};
}

void Problems::merge(const Problems& other) {
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    kinds_[i].count += other.kinds_[i].count;
    for (FilePlace place : other.kinds_[i].first) keep_first(kinds_[i].first, std::move(place));
    for (const auto& [file, count] : other.kinds_[i].files) count_file(kinds_[i], file, count);
  }
  for (const auto& [file, parts] : other.parts_) {
    for (const auto& [begin, lines] : parts) parts_[file][begin] = lines;
  }
  for (const auto& [file, place] : other.unreadable_) add_unreadable(file, place);
}

Json Problems::describe(const FilePlace& at) const {
  Json entry = {{"file", at.file}};
  if (at.place.line == 0) return entry;
  entry["byte"] = at.place.byte;
  const auto parts = parts_.find(at.file);
  const auto before =
      lines_before(parts == parts_.end() ? Parts() : parts->second, at.place.part_begin);
  if (before) entry["line"] = *before + at.place.line;
  return entry;
}

Json Problems::json() const {
  Json result = Json::object();
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    const Kind kind = of(i);
    if (kind.count == 0) continue;
    Json first = Json::array();
    for (const FilePlace& place : kind.first) first.push_back(describe(place));
    result[names[i]] = {{"count", kind.count}, {"files", kind.files}, {"first", std::move(first)}};
  }
  return result;
}

Json Problems::state() const {
  Json kinds = Json::array(), parts = Json::array(), unreadable = Json::array();
  for (const Kind& kind : kinds_) {
    Json first = Json::array();
    for (const auto& [file, at] : kind.first) {
      first.push_back({file, at.byte, at.part_begin, at.line});
    }
    kinds.push_back({{"count", kind.count}, {"files", kind.files}, {"first", std::move(first)}});
  }
  for (const auto& [file, of_file] : parts_) {
    for (const auto& [begin, lines] : of_file) {
      parts.push_back({file, begin, lines.end, lines.num_lines});
    }
  }
  for (const auto& [file, at] : unreadable_) {
    unreadable.push_back({file, at.byte, at.part_begin, at.line});
  }
  return {{"kinds", std::move(kinds)},
          {"parts", std::move(parts)},
          {"unreadable", std::move(unreadable)}};
}

Problems Problems::from_state(const Json& state) try {
  using SavedPlace = std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t>;
  Problems result;
  const Json& kinds = state.at("kinds");
  constexpr std::size_t num_oldest_kinds = 8;  // of the first version that saved an account
  const std::size_t num_kinds = std::clamp(kinds.size(), num_oldest_kinds, names.size());
  for (std::size_t i = 0; i < num_kinds; ++i) {
    const Json& kind = kinds.at(i);
    result.kinds_[i].count = kind.at("count").get<std::int64_t>();
    const Json files = kind.value("files", Json::object());
    for (const auto& [file, count] : files.items()) {
      count_file(result.kinds_[i], file, count.get<std::int64_t>());
    }
    for (const Json& place : kind.at("first")) {
      const auto [file, byte, part_begin, line] = place.get<SavedPlace>();
      keep_first(result.kinds_[i].first, {file, {byte, part_begin, line}});
    }
  }
  for (const Json& part : state.at("parts")) {
    const auto [file, begin, end, num_lines] = part.get<SavedPlace>();
    result.parts_[file][begin] = {end, num_lines};
  }
  for (const Json& place : state.value("unreadable", Json::array())) {
    const auto [file, byte, part_begin, line] = place.get<SavedPlace>();
    result.add_unreadable(file, {byte, part_begin, line});
  }
  return result;
} catch (const Json::exception& error) {
  fail(Exit::data, "a saved account of the problems of the input is damaged: {}", error.what());
}

}  // namespace switchyard::prepare
