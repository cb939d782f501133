#include "io/text/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "io/text/fold_ascii.h"
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

// Length of the UTF-8 sequence at `p`, 0 if `p` does not begin a valid one (Unicode 15, table 3-7).
// Requires left > 0.
std::size_t length_of_sequence(const unsigned char* p, std::size_t left) {
  const unsigned char lead = p[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (left < length) return 0;
  // The second byte's range excludes overlong forms, surrogates and what is beyond U+10FFFF.
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (p[1] < low || p[1] > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((p[i] & 0xC0) != 0x80) return 0;
  }
  return length;
}

std::size_t length_of_valid_prefix(std::string_view text) {
  constexpr std::uint64_t not_ascii = 0x8080808080808080;
  const unsigned char* const bytes = begin_of(text);
  std::size_t valid = 0;
  while (valid < text.size()) {
    std::uint64_t word = not_ascii;
    if (text.size() - valid >= sizeof word) std::memcpy(&word, bytes + valid, sizeof word);
    if ((word & not_ascii) == 0) {
      valid += sizeof word;
      continue;
    }
    const std::size_t length = length_of_sequence(bytes + valid, text.size() - valid);
    if (length == 0) break;
    valid += length;
  }
  return valid;
}

constexpr std::size_t longest_folding = 32;  // above any code point's decomposition
constexpr auto folding =
    static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);

CharacterKind look_up_kind(utf8proc_int32_t code_point) {
  if ((code_point >= '\t' && code_point <= '\r') || code_point == 0x85) {
    return CharacterKind::white_space;
  }
  switch (utf8proc_category(code_point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharacterKind::letter;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharacterKind::digit_or_mark;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return CharacterKind::white_space;
    default:
      return CharacterKind::other;
  }
}

struct Traits {
  std::int32_t folded = 0;  // what it is after NFC and case folding by itself, if that is one
  bool folds_to_one = false;
  // Folded, it begins with what may combine with, or move before, a character in front of it.
  bool combines_backwards = false;
  CharacterKind kind = CharacterKind::other;
};

Traits look_up(utf8proc_int32_t code_point) {
  std::array<std::int32_t, longest_folding> folded{};
  int boundclass = 0;
  const utf8proc_ssize_t size =
      utf8proc_decompose_char(code_point, folded.data(), std::ssize(folded), folding, &boundclass);
  const bool trailing_jamo = code_point >= 0x1160 && code_point <= 0x11FF;
  return {folded[0], size == 1, trailing_jamo || is_mark(static_cast<char32_t>(folded[0])),
          look_up_kind(code_point)};
}

// utf8proc's answers for the plane that texts are made of, kept: they are five times as fast.
Traits traits_of(utf8proc_int32_t code_point) {
  constexpr std::int32_t plane = 0x10000;
  static const std::vector<Traits> kept = [] {
    std::vector<Traits> all;
    all.reserve(plane);
    for (std::int32_t each = 0; each < plane; ++each) all.push_back(look_up(each));
    return all;
  }();
  return code_point < plane ? kept[static_cast<std::size_t>(code_point)] : look_up(code_point);
}

// As first_of, but for valid UTF-8; of other text some number, and no byte beyond it is read.
std::pair<utf8proc_int32_t, std::size_t> decoded(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::int32_t>(begin_of(text)[i]) : 0;
  };
  const auto rest = [&](std::size_t i) { return byte(i) & 0x3F; };
  if (byte(0) < 0x80) return {byte(0), 1};
  if (byte(0) < 0xE0) return {(byte(0) & 0x1F) << 6 | rest(1), 2};
  if (byte(0) < 0xF0) return {(byte(0) & 0x0F) << 12 | rest(1) << 6 | rest(2), 3};
  return {(byte(0) & 0x07) << 18 | rest(1) << 12 | rest(2) << 6 | rest(3), 4};
}

bool is_ascii(char byte) { return static_cast<unsigned char>(byte) < 0x80; }

std::size_t length_of_ascii(std::string_view text) {
  std::size_t length = 0;
  for (std::uint64_t eight; text.size() - length >= sizeof eight; length += sizeof eight) {
    std::memcpy(&eight, text.data() + length, sizeof eight);
    if ((eight & 0x8080808080808080U) != 0) break;
  }
  while (length < text.size() && is_ascii(text[length])) ++length;
  return length;
}

// White space becomes one space, and none at the beginning or after another.
void append_folded(std::string_view text, std::string& result) {
  for (FoldedPieces pieces(text); pieces.next();) {
    for (const std::int32_t each : pieces.code_points()) {
      if (kind_of(static_cast<char32_t>(each)) != CharacterKind::white_space) {
        append_utf8(static_cast<char32_t>(each), result);
      } else if (!result.empty() && result.back() != ' ') {
        result += ' ';
      }
    }
  }
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
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    // A character beyond ASCII may combine with the one before it, and ends before the next.
    const std::size_t ascii = length_of_ascii(text);
    const std::size_t alone = ascii > 0 && ascii < text.size() ? ascii - 1 : ascii;
    append_folded_ascii(text.substr(0, alone), result);
    const auto next_ascii = std::find_if(text.begin() + ascii, text.end(), is_ascii);
    append_folded({text.begin() + alone, next_ascii}, result);
    text = {next_ascii, text.end()};
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

CharacterKind kind_of(char32_t code_point) {
  return traits_of(static_cast<utf8proc_int32_t>(code_point)).kind;
}

bool is_mark(char32_t code_point) {
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
         category == UTF8PROC_CATEGORY_ME;
}

void append_utf8(char32_t code_point, std::string& text) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t size =
      utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  text.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

char32_t lower_case(char32_t code_point) {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point)));
}

char32_t title_case(char32_t code_point) {
  return static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(code_point)));
}

bool FoldedPieces::next() {
  begin_ = end_;
  size_ = 0;
  if (begin_ == text_.size()) return false;
  add_code_point();
  head_end_ = end_;
  while (end_ < text_.size() && !is_ascii(text_[end_]) &&
         traits_of(decoded(text_.substr(end_)).first).combines_backwards) {
    add_code_point();
  }
  if (size_ > 1) compose();
  return true;
}

void FoldedPieces::add_code_point() {
  const auto [code_point, bytes] = decoded(text_.substr(end_));
  const Traits traits = traits_of(code_point);
  end_ = std::min(end_ + bytes, text_.size());
  if (buffer_.size() < size_ + longest_folding) buffer_.resize(2 * size_ + longest_folding);
  buffer_[size_] = traits.folded;
  utf8proc_ssize_t size = 1;
  if (!traits.folds_to_one) {
    int boundclass = 0;
    size = utf8proc_decompose_char(code_point, buffer_.data() + size_, longest_folding, folding,
                                   &boundclass);
    require(size >= 0 && size <= std::ssize(buffer_) - std::ssize(code_points()),
            "utf8proc cannot fold U+{:04X}: {}", code_point, utf8proc_errmsg(size));
  }
  size_ += static_cast<std::size_t>(size);
}

// As utf8proc_decompose and utf8proc_map do, whose sort however takes a day over a long enough run
// of marks.
void FoldedPieces::compose() {
  const auto combining_class = [](std::int32_t code_point) {
    return utf8proc_get_property(code_point)->combining_class;
  };
  const auto is_starter = [&](std::int32_t code_point) { return combining_class(code_point) == 0; };
  const auto end = buffer_.begin() + std::ssize(code_points());
  for (auto begin = buffer_.begin(); begin != end;) {
    begin = std::find_if_not(begin, end, is_starter);
    const auto next = std::find_if(begin, end, is_starter);
    std::stable_sort(begin, next, [&](std::int32_t a, std::int32_t b) {
      return combining_class(a) < combining_class(b);
    });
    begin = next;
  }
  size_ = static_cast<std::size_t>(
      utf8proc_normalize_utf32(buffer_.data(), std::ssize(code_points()), folding));
}

Character first_character(std::string_view text) {
  const auto [code_point, length] = first_of(text);
  if (length <= 0) return {0xFFFD, CharacterKind::other, 1};
  return {static_cast<char32_t>(code_point), kind_of(code_point), static_cast<std::size_t>(length)};
}

std::string unicode_version() { return utf8proc_version(); }

}  // namespace switchyard
