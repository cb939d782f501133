#include "io/text/strict_json.h"

#include <cstddef>
#include <set>
#include <vector>

#include "io/text/escape.h"
#include "runtime/error.h"

namespace switchyard {

nlohmann::ordered_json parse_strict_json(const std::string& text, const std::string& name) {
  using Json = nlohmann::ordered_json;
  std::vector<std::set<std::string>> open;  // the keys so far of the objects around this place
  std::string twice;
  const auto note = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event != Json::parse_event_t::key) return true;
    const auto key = parsed.get<std::string>();
    if (!open.back().insert(key).second && twice.empty()) twice = key;
    return true;
  };
  Json document = Json::parse(text, note, /*allow_exceptions=*/false);
  require(!document.is_discarded(), Exit::data, "{} is not JSON", name);
  require(twice.empty(), Exit::data, "{} names {} twice", name, terminal_text(twice));
  return document;
}

}  // namespace switchyard
