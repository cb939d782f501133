#include "launch/hugging_face/hub_fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "io/text/escape.h"
#include "runtime/error.h"

namespace switchyard::hub {
namespace {

using Json = nlohmann::ordered_json;

std::string shown(const Json& value) {
  constexpr std::size_t longest = 60;
  return shortened(terminal_text(value.dump(-1, ' ', false, Json::error_handler_t::replace)),
                   longest);
}

}  // namespace

HubFields::HubFields(Json object, std::string where)
    : object_(std::move(object)), where_(std::move(where)) {
  require(object_.is_object(), Exit::data, "{} is not a JSON object", where_);
}

const Json* HubFields::find(const std::string& key) {
  known_.insert(key);
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void HubFields::refuse(const std::string& key, const std::string& why) const {
  const auto found = object_.find(key);
  const std::string value = found == object_.end() ? "no value" : shown(*found);
  fail(Exit::data, "{}: {} = {}: {}", where_, key, value, why);
}

bool HubFields::has(const std::string& key) { return find(key) != nullptr; }

std::int64_t HubFields::integer(const std::string& key, std::int64_t low, std::int64_t high,
                                std::optional<std::int64_t> fallback) {
  const Json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  require(value != nullptr, Exit::data, "{} lacks {}", where_, key);
  const bool whole = value->is_number_integer() &&
                     !(value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX);
  if (!whole || value->get<std::int64_t>() < low || value->get<std::int64_t>() > high)
    refuse(key, fmt::format("it must be an integer from {} to {}", low, high));
  return value->get<std::int64_t>();
}

double HubFields::number(const std::string& key, double low, double high,
                         std::optional<double> fallback) {
  const Json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  require(value != nullptr, Exit::data, "{} lacks {}", where_, key);
  if (!value->is_number() || !(value->get<double>() >= low && value->get<double>() <= high))
    refuse(key, fmt::format("it must be a number from {} to {}", low, high));
  return value->get<double>();
}

bool HubFields::flag(const std::string& key, bool fallback) {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) refuse(key, "it must be true or false");
  return value->get<bool>();
}

std::string HubFields::text(const std::string& key, const std::string& fallback) {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_string()) refuse(key, "it must be a text");
  return value->get<std::string>();
}

std::vector<std::int64_t> HubFields::integers(const std::string& key) {
  const Json* value = find(key);
  std::vector<std::int64_t> all;
  if (value == nullptr) return all;
  for (const Json& each : value->is_array() ? *value : Json::array({*value})) {
    if (!each.is_number_integer()) refuse(key, "it must be a list of integers");
    all.push_back(each.get<std::int64_t>());
  }
  return all;
}

std::vector<std::string> HubFields::texts(const std::string& key) {
  const Json* value = find(key);
  std::vector<std::string> all;
  if (value == nullptr) return all;
  if (!value->is_array()) refuse(key, "it must be a list of texts");
  for (const Json& each : *value) {
    if (!each.is_string()) refuse(key, "it must be a list of texts");
    all.push_back(each.get<std::string>());
  }
  return all;
}

HubFields HubFields::object(const std::string& key) {
  const Json* found = find(key);
  return {found == nullptr ? Json::object() : *found, where_ + ": " + key};
}

Json HubFields::value(const std::string& key) {
  const Json* found = find(key);
  return found == nullptr ? Json() : *found;
}

void HubFields::must_be(const std::string& key, const Json& value, const char* why) {
  const Json* found = find(key);
  if (found != nullptr && *found != value) refuse(key, why);
}

void HubFields::ignore(std::initializer_list<const char*> keys) {
  known_.insert(keys.begin(), keys.end());
}

void HubFields::require_all_known() const {
  std::vector<std::string> unknown;
  for (const auto& [key, value] : object_.items()) {
    if (!known_.contains(key)) unknown.push_back(terminal_text(key) + " = " + shown(value));
  }
  require(unknown.empty(), Exit::data,
          "{} has keys that this program does not know, so it could compute something else: {}",
          where_, fmt::join(unknown, ", "));
}

}  // namespace switchyard::hub
