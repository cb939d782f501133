// Report values: reads values from JSON that may have an unexpected form, and puts them into words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace switchyard {

// Return the value of a key, or an empty object, 0, 0.0 or "" if there is no such value.
nlohmann::json part_at(const nlohmann::json& value, const std::string& key);
std::int64_t integer_at(const nlohmann::json& value, const std::string& key);
double number_at(const nlohmann::json& value, const std::string& key);
std::string text_at(const nlohmann::json& value, const std::string& key);
std::vector<std::int64_t> integers_of(const nlohmann::json& list);

std::string with_commas(std::int64_t count);                        // 1,234,567
std::string share_in_words(std::int64_t part, std::int64_t whole);  // 12.3 %

// Prints a list as "a, b", an object as "key a, key b", and text unchanged.
std::string value_in_words(const nlohmann::json& value);

// The stages that can remove documents, in the order in which they run.
struct StageWords {
  const char* stage;    // its key under "stages"
  const char* removed;  // its key under a source's "removed"
  const char* title;
  const char* meaning;
};
const std::vector<StageWords>& stage_words();

}  // namespace switchyard
