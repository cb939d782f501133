#include "io/folder/json_fields.h"

#include <limits>
#include <utility>

#include "runtime/error.h"

namespace switchyard {
namespace {

using nlohmann::json;

bool is_within(const json& value, double low, double high) {
  return value.is_number() && value.get<double>() >= low && value.get<double>() <= high;
}

}  // namespace

JsonFields::JsonFields(const json& object, std::string path, std::string file)
    : object_(object), path_(std::move(path)), where_(std::move(file)) {
  if (!where_.empty() && !where_.ends_with(": ")) where_ += ": ";
  require(object.is_object(), Exit::data, "{}'{}' is not an object", where_, path_);
}

void JsonFields::refuse(const char* key, const std::string& expected) const {
  fail(Exit::data, "{}'{}.{}' is not {}", where_, path_, key, expected);
}

const json& JsonFields::at(const char* key) const {
  const auto found = object_.find(key);
  require(found != object_.end(), Exit::data, "{}'{}' has no '{}'", where_, path_, key);
  return *found;
}

bool JsonFields::has(const char* key) const {
  const auto found = object_.find(key);
  return found != object_.end() && !found->is_null();
}

std::vector<std::string> JsonFields::names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : object_.items()) names.push_back(name);
  return names;
}

JsonFields JsonFields::object(const char* key) const {
  return {at(key), fmt::format("{}.{}", path_, key), where_};
}

std::string JsonFields::text(const char* key) const {
  if (!at(key).is_string()) refuse(key, "text");
  return at(key).get<std::string>();
}

double JsonFields::number(const char* key, double low, double high) const {
  if (!is_within(at(key), low, high))
    refuse(key, fmt::format("a number from {:g} to {:g}", low, high));
  return at(key).get<double>();
}

std::int64_t JsonFields::integer(const char* key, std::int64_t low, std::int64_t high) const {
  const json& value = at(key);
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const bool fits = value.is_number_integer() &&
                    !(value.is_number_unsigned() && value.get<std::uint64_t>() > largest);
  if (!fits || value.get<std::int64_t>() < low || value.get<std::int64_t>() > high)
    refuse(key, fmt::format("an integer from {} to {}", low, high));
  return value.get<std::int64_t>();
}

std::vector<double> JsonFields::numbers(const char* key, double low, double high) const {
  std::vector<double> numbers;
  if (!at(key).is_array()) refuse(key, "a list of numbers");
  for (const json& value : at(key)) {
    if (!is_within(value, low, high))
      refuse(key, fmt::format("a list of numbers from {:g} to {:g}", low, high));
    numbers.push_back(value.get<double>());
  }
  return numbers;
}

}  // namespace switchyard
