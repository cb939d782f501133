// HubFields: the keys of an object of config.json. Each key must be known: read, or listed as one
// that makes no difference.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace switchyard::hub {

// A key that is null counts as absent. Errors of everything here: Exit::data, naming the file, the
// key and its value.
class HubFields {
 public:
  // where: how errors name the object.
  HubFields(nlohmann::ordered_json object, std::string where);

  const std::string& where() const { return where_; }
  bool has(const std::string& key);

  // Without a fallback, the key must be there.
  std::int64_t integer(const std::string& key, std::int64_t low, std::int64_t high,
                       std::optional<std::int64_t> fallback = {});
  double number(const std::string& key, double low, double high,
                std::optional<double> fallback = {});
  bool flag(const std::string& key, bool fallback);
  std::string text(const std::string& key, const std::string& fallback);
  // A list, or for integers one alone; absent: none.
  std::vector<std::int64_t> integers(const std::string& key);
  std::vector<std::string> texts(const std::string& key);
  HubFields object(const std::string& key);
  nlohmann::ordered_json value(const std::string& key);  // absent: null

  // The key must be absent, or have this value. why: what another value would mean.
  void must_be(const std::string& key, const nlohmann::ordered_json& value, const char* why);
  void ignore(std::initializer_list<const char*> keys);  // they make no difference

  // Fails, naming them, if there are keys that nobody asked for.
  void require_all_known() const;

  [[noreturn]] void refuse(const std::string& key, const std::string& why) const;

 private:
  const nlohmann::ordered_json* find(const std::string& key);  // nullptr: absent

  nlohmann::ordered_json object_;
  std::string where_;
  std::set<std::string> known_;
};

}  // namespace switchyard::hub
