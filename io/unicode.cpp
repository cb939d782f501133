#include "io/unicode.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>

#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

const utf8proc_uint8_t* begin_of(std::string_view text) {
  return reinterpret_cast<const utf8proc_uint8_t*>(text.data());
}

// The code point at the start of `text`, and its length in bytes; a negative length if the first
// byte starts none.
std::pair<utf8proc_int32_t, utf8proc_ssize_t> first_of(std::string_view text) {
  utf8proc_int32_t code_point = 0;
  const utf8proc_ssize_t length =
      utf8proc_iterate(begin_of(text), static_cast<utf8proc_ssize_t>(text.size()), &code_point);
  return {code_point, length};
}

std::size_t length_of_valid_prefix(std::string_view text) {
  std::size_t valid = 0;
  while (valid < text.size()) {
    const auto [code_point, length] = first_of(text.substr(valid));
    if (length <= 0) break;
    valid += static_cast<std::size_t>(length);
  }
  return valid;
}

bool is_white_space(utf8proc_int32_t code_point) {
  if ((code_point >= '\t' && code_point <= '\r') || code_point == 0x85) return true;
  const utf8proc_category_t category = utf8proc_category(code_point);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

}  // namespace

bool repair_utf8(std::string& text) {
  std::size_t valid = length_of_valid_prefix(text);
  if (valid == text.size()) return false;
  std::string repaired;
  repaired.reserve(text.size() + 64);
  std::string_view rest = text;
  while (!rest.empty()) {
    repaired += rest.substr(0, valid);
    rest.remove_prefix(valid);
    if (rest.empty()) break;
    repaired += replacement;
    rest.remove_prefix(1);
    valid = length_of_valid_prefix(rest);
  }
  text = std::move(repaired);
  return true;
}

std::string normalized(std::string_view text) {
  utf8proc_uint8_t* raw = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(
      begin_of(text), static_cast<utf8proc_ssize_t>(text.size()), &raw,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> mapped(raw, &std::free);
  require(size >= 0, "utf8proc cannot normalise {} bytes: {}", text.size(), utf8proc_errmsg(size));

  std::string result;
  result.reserve(static_cast<std::size_t>(size));
  std::string_view rest(reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size));
  while (!rest.empty()) {
    const auto [code_point, length] = first_of(rest);
    const auto bytes = static_cast<std::size_t>(length);
    if (!is_white_space(code_point)) {
      result += rest.substr(0, bytes);
    } else if (!result.empty() && result.back() != ' ') {
      result += ' ';
    }
    rest.remove_prefix(bytes);
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

std::string unicode_version() { return utf8proc_version(); }

}  // namespace switchyard
