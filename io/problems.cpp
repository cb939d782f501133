#include "io/problems.h"

#include "io/unicode.h"

namespace switchyard {
namespace {

constexpr std::array<const char*, static_cast<std::size_t>(Problem::num_kinds)> names = {
    "invalid_utf8",  "empty_document", "broken_json",
    "no_text_field", "too_large",      "unreadable_file"};

}  // namespace

void Problems::add(Problem kind, const std::filesystem::path& file, std::int64_t line) {
  Kind& entry = kinds_[static_cast<std::size_t>(kind)];
  ++entry.count;
  if (entry.first.size() >= num_places_kept) return;
  std::string name = file.string();
  repair_utf8(name);  // a file name may hold any bytes, a JSON report may not
  entry.first.push_back({std::move(name), line});
}

nlohmann::json Problems::json() const {
  nlohmann::json result = nlohmann::json::object();
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    if (kinds_[i].count == 0) continue;
    nlohmann::json first = nlohmann::json::array();
    for (const Place& place : kinds_[i].first) {
      nlohmann::json entry = {{"file", place.file}};
      if (place.line > 0) entry["line"] = place.line;
      first.push_back(std::move(entry));
    }
    result[names[i]] = {{"count", kinds_[i].count}, {"first", std::move(first)}};
  }
  return result;
}

}  // namespace switchyard
