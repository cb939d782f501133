#include "io/prepare/work/config.h"

#include <map>

#include "runtime/error.h"

namespace switchyard::prepare {

void parse_dedup(const std::string& list, DedupConfig& config) {
  std::map<std::string, bool*> parts = {
      {"exact", &config.exact},           {"url", &config.url},
      {"near", &config.near_duplicates},  {"lines", &config.lines},
      {"paragraphs", &config.paragraphs}, {"spans", &config.spans}};
  for (auto& [name, on] : parts) *on = false;
  if (list == "none") return;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const auto found = parts.find(list.substr(begin, end - begin));
    require(found != parts.end(), Exit::usage,
            "'{}' is not a kind of duplicate: name some of exact, url, near, lines, paragraphs and "
            "spans, separated by commas, or none",
            list.substr(begin, end - begin));
    *found->second = true;
    begin = end + 1;
  }
}

}  // namespace switchyard::prepare
