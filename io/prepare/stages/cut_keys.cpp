#include "io/prepare/stages/cut_keys.h"

#include <algorithm>

#include "io/prepare/words/text_units.h"
#include "io/prepare/words/winnow.h"

namespace switchyard::prepare {
namespace {

void add_units(Unit unit, const ComparedText& text, std::vector<std::uint64_t>& keys) {
  for (const TextUnit& found : find_units(unit, text)) {
    keys.push_back(found.key.high);
    keys.push_back(found.key.low);
  }
}

}  // namespace

std::vector<std::uint64_t> cut_keys_of(const std::string& kept_text, const DedupConfig& config) {
  std::vector<std::uint64_t> keys;
  if (!config.lines && !config.paragraphs && !config.spans) return keys;
  const ComparedText text(kept_text);
  if (config.lines) add_units(Unit::line, text, keys);
  if (config.paragraphs) add_units(Unit::paragraph, text, keys);
  if (config.spans) {
    for (const Seed& seed : find_seeds(text)) keys.push_back(seed.key);
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

}  // namespace switchyard::prepare
