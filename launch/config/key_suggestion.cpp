#include "launch/config/key_suggestion.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "io/files/nearest_name.h"

namespace switchyard {
namespace {

constexpr std::size_t far = 1000;

std::vector<std::string_view> words_of(std::string_view name) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('_', begin), name.size());
    words.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

// seq_len for sequence_length, min_lr for min_learning_rate: each short word begins a word or has
// the initials of some.
bool abbreviates(std::span<const std::string_view> typed, std::span<const std::string_view> words) {
  if (typed.empty() || words.empty()) return typed.empty() && words.empty();
  const std::string_view first = typed[0];
  if (first.empty()) return false;
  if (words[0].starts_with(first) && abbreviates(typed.subspan(1), words.subspan(1))) return true;
  if (first.size() < 2 || first.size() > words.size()) return false;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i] != words[i][0]) return false;
  }
  return abbreviates(typed.subspan(1), words.subspan(first.size()));
}

// Of names without their table.
std::size_t distance_of_words(std::string_view typed, std::string_view known) {
  if (typed == known) return 0;
  if (abbreviates(words_of(typed), words_of(known))) return 1;
  if (typed.size() > 3 && known.ends_with(fmt::format("_{}", typed))) return 2;
  const std::size_t letters = edit_distance(typed, known);
  return 3 * letters <= std::max<std::size_t>(3, typed.size()) ? 1 + letters : far;
}

std::size_t distance_of_keys(std::string_view typed, std::string_view known) {
  const std::size_t typed_dot = typed.find('.'), dot = known.find('.');
  const bool has_table = typed_dot != std::string_view::npos;
  const std::size_t words =
      distance_of_words(has_table ? typed.substr(typed_dot + 1) : typed, known.substr(dot + 1));
  if (!has_table) return words == far ? far : words + 1;
  const std::size_t table = edit_distance(typed.substr(0, typed_dot), known.substr(0, dot));
  if (table > 2 && words != 0) return far;
  return words + std::min<std::size_t>(table, 3);
}

}  // namespace

std::string did_you_mean(const std::vector<ConfigKey>& keys, std::string_view name) {
  const auto distance = [&](const ConfigKey& key) { return distance_of_keys(name, key.name); };
  const ConfigKey& nearest = *std::ranges::min_element(keys, {}, distance);
  return distance(nearest) < far ? fmt::format("; did you mean {}?", nearest.name)
                                 : ": `switchyard config` lists every key";
}

}  // namespace switchyard
