#include <utf8proc.h>

#include <algorithm>
#include <vector>

#include "io/text/unicode.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr auto composing = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
constexpr std::size_t longest_decomposition = 32;  // above any code point's

// A character below U+0300 is in NFC, and so is a text of such characters alone.
bool may_change(char byte) { return static_cast<unsigned char>(byte) >= 0xCC; }
// ASCII, which combines with nothing before it.
bool ends_combining(char byte) { return static_cast<unsigned char>(byte) < 0x80; }

void sort_marks(std::vector<std::int32_t>& code_points) {
  const auto combining_class = [](std::int32_t code_point) {
    return utf8proc_get_property(code_point)->combining_class;
  };
  const auto is_starter = [&](std::int32_t code_point) { return combining_class(code_point) == 0; };
  for (auto begin = code_points.begin(); begin != code_points.end();) {
    begin = std::find_if_not(begin, code_points.end(), is_starter);
    const auto next = std::find_if(begin, code_points.end(), is_starter);
    std::stable_sort(begin, next, [&](std::int32_t a, std::int32_t b) {
      return combining_class(a) < combining_class(b);
    });
    begin = next;
  }
}

// Composes the code points, appends them, and leaves none.
void compose_into(std::string& result, std::vector<std::int32_t>& code_points) {
  if (code_points.empty()) return;
  sort_marks(code_points);
  code_points.resize(static_cast<std::size_t>(
      utf8proc_normalize_utf32(code_points.data(), std::ssize(code_points), composing)));
  for (const std::int32_t each : code_points) append_utf8(static_cast<char32_t>(each), result);
  code_points.clear();
}

// utf8proc_map, but for its sort, which takes a day over a long enough run of marks, and for U+11A7
// behind a Korean syllable, which it drops: it takes it for the first of the trailing consonants,
// which is the next one.
void append_composed(std::string_view text, std::vector<std::int32_t>& buffer,
                     std::string& result) {
  constexpr char32_t before_trailing_consonants = 0x11A7;
  while (!text.empty()) {
    const Character character = first_character(text);
    if (character.code_point == before_trailing_consonants) compose_into(result, buffer);
    const std::size_t size = buffer.size();
    buffer.resize(size + longest_decomposition);
    int boundclass = 0;
    const utf8proc_ssize_t added = utf8proc_decompose_char(
        static_cast<utf8proc_int32_t>(character.code_point), buffer.data() + size,
        longest_decomposition, composing, &boundclass);
    require(added >= 0 && added <= static_cast<utf8proc_ssize_t>(longest_decomposition),
            "utf8proc cannot decompose U+{:04X}", static_cast<std::uint32_t>(character.code_point));
    buffer.resize(size + static_cast<std::size_t>(added));
    text.remove_prefix(character.bytes);
  }
  compose_into(result, buffer);
}

}  // namespace

std::string nfc(std::string_view text) {
  std::string result;
  std::vector<std::int32_t> buffer;
  while (!text.empty()) {
    const auto first = std::find_if(text.begin(), text.end(), may_change);
    // What precedes it may combine with it: back to the last ASCII character.
    auto begin = first;
    while (first != text.end() && begin != text.begin() && !ends_combining(*begin)) --begin;
    const auto end = std::find_if(first, text.end(), ends_combining);
    result.append(text.begin(), begin);
    append_composed({begin, end}, buffer, result);
    text = {end, text.end()};
  }
  return result;
}

}  // namespace switchyard
