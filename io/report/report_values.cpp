#include "io/report/report_values.h"

#include <fmt/format.h>

#include <iterator>

namespace switchyard {

using nlohmann::json;

json part_at(const json& value, const std::string& key) {
  const bool found = value.is_object() && value.contains(key) && !value.at(key).is_null();
  return found ? value.at(key) : json::object();
}

std::int64_t integer_at(const json& value, const std::string& key) {
  const json found = part_at(value, key);
  return found.is_number_integer() ? found.get<std::int64_t>() : 0;
}

double number_at(const json& value, const std::string& key) {
  const json found = part_at(value, key);
  return found.is_number() ? found.get<double>() : 0.0;
}

std::string text_at(const json& value, const std::string& key) {
  const json found = part_at(value, key);
  return found.is_string() ? found.get<std::string>() : "";
}

std::vector<std::int64_t> integers_of(const json& list) {
  std::vector<std::int64_t> values;
  if (!list.is_array()) return values;
  for (const json& value : list) {
    values.push_back(value.is_number_integer() ? value.get<std::int64_t>() : 0);
  }
  return values;
}

std::string with_commas(std::int64_t count) {
  std::string text = std::to_string(count);
  const std::ptrdiff_t first_digit = count < 0 ? 1 : 0;
  for (std::ptrdiff_t i = std::ssize(text) - 3; i > first_digit; i -= 3) {
    text.insert(static_cast<std::size_t>(i), 1, ',');
  }
  return text;
}

std::string share_in_words(std::int64_t part, std::int64_t whole) {
  if (whole <= 0) return "-";
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  if (part > 0 && percent < 0.05) return "< 0.1 %";
  if (part < whole && percent > 99.95) return "> 99.9 %";
  return fmt::format("{:.1f} %", percent);
}

std::string value_in_words(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_structured()) return value.dump();
  std::string text;
  for (const auto& [key, entry] : value.items()) {
    text += text.empty() ? "" : ", ";
    text += (value.is_object() ? key + " " : "") + value_in_words(entry);
  }
  return text;
}

const std::vector<StageWords>& stage_words() {
  static const std::vector<StageWords> words = {
      {"read", "unusable", "Unusable input", "lines and files that hold no usable document"},
      {"filters", "filter", "Quality filters", "documents that fail a published quality rule"},
      {"contamination", "contamination", "Contamination", "text of the evaluation files"},
      {"exact", "exact", "Exact duplicates",
       "the same text, but for case, spacing and Unicode form"},
      {"url", "url", "Same URL", "a second document from the same address"},
      {"near_duplicates", "near_duplicate", "Near-duplicates",
       "MinHash candidates whose Jaccard of word 5-grams was verified"},
      {"cut_away", "cut_away", "Nothing left",
       "documents of which repeated lines, paragraphs or spans were all there was"}};
  return words;
}

}  // namespace switchyard
