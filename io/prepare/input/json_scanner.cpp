#include "io/prepare/input/json_scanner.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "io/text/unicode.h"

namespace switchyard::prepare {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint64_t every_byte = 0x0101010101010101;

// The high bit of a byte of the result is set for the first byte of `word` that is below `limit`
// (up to 128), and for none before it.
std::uint64_t first_below(std::uint64_t word, std::uint64_t limit) {
  return (word - every_byte * limit) & ~word & (every_byte * 0x80);
}

bool ends_plain_run(char c) {
  return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

// The first quote, backslash or control character.
const char* end_of_plain_run(const char* p, const char* end) {
  for (; end - p >= 8; p += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, 8);
    const std::uint64_t found = first_below(word, 0x20) |
                                first_below(word ^ (every_byte * '"'), 1) |
                                first_below(word ^ (every_byte * '\\'), 1);
    if (found != 0) return p + std::countr_zero(found) / 8;
  }
  while (p < end && !ends_plain_run(*p)) ++p;
  return p;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_high_surrogate(unsigned unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low_surrogate(unsigned unit) { return unit >= 0xDC00 && unit < 0xE000; }

unsigned hex_value(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a') + 10 : 16;
}

unsigned unit_at(const char* digits) {
  unsigned unit = 0;
  for (int i = 0; i < 4; ++i) unit = unit << 4 | hex_value(digits[i]);
  return unit;
}

// Appends the character of the escape \uXXXX whose digits are at `p`; returns where it ends. A
// surrogate without its other half becomes U+FFFD.
const char* append_code_point(const char* p, const char* end, std::string& text, bool* lone) {
  constexpr char32_t replacement = 0xFFFD;
  char32_t code_point = unit_at(p);
  p += 4;
  const bool is_high = is_high_surrogate(code_point);
  const bool has_low =
      is_high && end - p >= 6 && p[0] == '\\' && p[1] == 'u' && is_low_surrogate(unit_at(p + 2));
  if (has_low) {
    code_point = 0x10000 + ((code_point - 0xD800) << 10) + (unit_at(p + 2) - 0xDC00);
    p += 6;
  } else if (is_high || is_low_surrogate(code_point)) {
    code_point = replacement;
    if (lone != nullptr) *lone = true;
  }
  append_utf8(code_point, text);
  return p;
}

// Appends the character that the escape at `p`, after its backslash, encodes; returns where it
// ends. end: of the string.
const char* append_unescaped(const char* p, const char* end, std::string& text, bool* lone) {
  constexpr std::string_view letters = "bfnrt";
  constexpr std::string_view meanings = "\b\f\n\r\t";
  if (*p == 'u') return append_code_point(p + 1, end, text, lone);
  const std::size_t letter = letters.find(*p);
  text += letter == std::string_view::npos ? *p : meanings[letter];
  return p + 1;
}

}  // namespace

void JsonScanner::skip_space() {
  while (next_ < end_ && (*next_ == ' ' || *next_ == '\t' || *next_ == '\n' || *next_ == '\r')) {
    ++next_;
  }
}

bool JsonScanner::accept(char wanted) {
  skip_space();
  if (next_ == end_ || *next_ != wanted) return false;
  ++next_;
  return true;
}

bool JsonScanner::at_end() {
  skip_space();
  return next_ == end_;
}

bool JsonScanner::key(std::string_view& raw) {
  skip_space();
  const char* const start = next_;
  if (!string()) return false;
  raw = {start, next_};
  return accept(':');
}

bool JsonScanner::value(std::string_view& raw) {
  skip_space();
  const char* const start = next_;
  open_.clear();
  value_comes_next_ = true;
  while (value_comes_next_ || !open_.empty()) {
    if (!(value_comes_next_ ? open_or_scalar() : close_or_separate())) return false;
  }
  raw = {start, next_};
  return true;
}

bool JsonScanner::open_or_scalar() {
  const bool brace = accept('{');
  if (!brace && !accept('[')) {
    value_comes_next_ = false;
    if (next_ == end_) return false;
    if (*next_ == '"') return string();
    if (*next_ == 't') return literal("true");
    if (*next_ == 'f') return literal("false");
    if (*next_ == 'N') return literal("NaN");
    if (*next_ == 'I') return literal("Infinity");
    return *next_ == 'n' ? literal("null") : number();
  }
  value_comes_next_ = !accept(brace ? '}' : ']');
  if (!value_comes_next_) return true;
  open_.push_back(brace);
  std::string_view unused;
  return !brace || key(unused);
}

bool JsonScanner::close_or_separate() {
  std::string_view unused;
  value_comes_next_ = accept(',');
  if (value_comes_next_) return !open_.back() || key(unused);
  if (!accept(open_.back() ? '}' : ']')) return false;
  open_.pop_back();
  return true;
}

bool JsonScanner::string() {
  if (next_ == end_ || *next_ != '"') return false;
  for (++next_; (next_ = end_of_plain_run(next_, end_)) < end_;) {
    const char c = *next_++;
    if (c == '"') return true;
    if (c != '\\' || !escape()) return false;
  }
  return false;
}

bool JsonScanner::escape() {
  constexpr std::string_view letters = "\"\\/bfnrt";
  if (next_ == end_) return false;
  const char letter = *next_++;
  if (letter != 'u') return letters.find(letter) != std::string_view::npos;
  return four_digits();
}

bool JsonScanner::four_digits() {
  if (end_ - next_ < 4) return false;
  for (int i = 0; i < 4; ++i) {
    if (hex_value(next_[i]) == 16) return false;
  }
  next_ += 4;
  return true;
}

bool JsonScanner::number() {
  if (*next_ == '-') ++next_;
  if (next_ < end_ && *next_ == 'I') return literal("Infinity");
  if (next_ < end_ && *next_ == '0') {
    ++next_;
  } else if (!digits()) {
    return false;
  }
  if (next_ < end_ && *next_ == '.') {
    ++next_;
    if (!digits()) return false;
  }
  if (next_ < end_ && (*next_ == 'e' || *next_ == 'E')) {
    ++next_;
    if (next_ < end_ && (*next_ == '+' || *next_ == '-')) ++next_;
    return digits();
  }
  return true;
}

bool JsonScanner::digits() {
  const char* const start = next_;
  while (next_ < end_ && is_digit(*next_)) ++next_;
  return next_ > start;
}

bool JsonScanner::literal(std::string_view word) {
  if (!std::string_view(next_, end_).starts_with(word)) return false;
  next_ += word.size();
  return true;
}

std::string json_unescape(std::string_view raw, bool* had_lone_surrogates) {
  std::string text;
  text.reserve(raw.size());
  const char* p = raw.data() + 1;
  const char* const end = raw.data() + raw.size() - 1;
  while (p < end) {
    const auto rest = static_cast<std::size_t>(end - p);
    const auto* const escape = static_cast<const char*>(std::memchr(p, '\\', rest));
    const char* const stop = escape != nullptr ? escape : end;
    text.append(p, stop);
    p = stop < end ? append_unescaped(stop + 1, end, text, had_lone_surrogates) : end;
  }
  return text;
}

}  // namespace switchyard::prepare
