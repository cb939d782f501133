#include "launch/score/python_text.h"

#include <algorithm>

#include "io/text/unicode.h"

namespace switchyard::tasks {
namespace {

// str.isspace, which is wider than Unicode's White_Space by U+001C to U+001F.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80; }

// The characters whose title case is several ones (Unicode's SpecialCasing.txt).
struct LongTitle {
  char32_t code_point;
  std::string_view title;
};
constexpr LongTitle long_titles[] = {{0xDF, "Ss"},
                                     {0x149, "\xCA\xBCN"},
                                     {0x1F0, "J\xCC\x8C"},
                                     {0x390, "\xCE\x99\xCC\x88\xCC\x81"},
                                     {0x3B0, "\xCE\xA5\xCC\x88\xCC\x81"},
                                     {0x587, "\xD4\xB5\xD6\x82"},
                                     {0x1E96, "H\xCC\xB1"},
                                     {0x1E97, "T\xCC\x88"},
                                     {0x1E98, "W\xCC\x8A"},
                                     {0x1E99, "Y\xCC\x8A"},
                                     {0x1E9A, "A\xCA\xBE"},
                                     {0x1F50, "\xCE\xA5\xCC\x93"},
                                     {0x1F52, "\xCE\xA5\xCC\x93\xCC\x80"},
                                     {0x1F54, "\xCE\xA5\xCC\x93\xCC\x81"},
                                     {0x1F56, "\xCE\xA5\xCC\x93\xCD\x82"},
                                     {0x1FB2, "\xE1\xBE\xBA\xCD\x85"},
                                     {0x1FB4, "\xCE\x86\xCD\x85"},
                                     {0x1FB6, "\xCE\x91\xCD\x82"},
                                     {0x1FB7, "\xCE\x91\xCD\x82\xCD\x85"},
                                     {0x1FC2, "\xE1\xBF\x8A\xCD\x85"},
                                     {0x1FC4, "\xCE\x89\xCD\x85"},
                                     {0x1FC6, "\xCE\x97\xCD\x82"},
                                     {0x1FC7, "\xCE\x97\xCD\x82\xCD\x85"},
                                     {0x1FD2, "\xCE\x99\xCC\x88\xCC\x80"},
                                     {0x1FD3, "\xCE\x99\xCC\x88\xCC\x81"},
                                     {0x1FD6, "\xCE\x99\xCD\x82"},
                                     {0x1FD7, "\xCE\x99\xCC\x88\xCD\x82"},
                                     {0x1FE2, "\xCE\xA5\xCC\x88\xCC\x80"},
                                     {0x1FE3, "\xCE\xA5\xCC\x88\xCC\x81"},
                                     {0x1FE4, "\xCE\xA1\xCC\x93"},
                                     {0x1FE6, "\xCE\xA5\xCD\x82"},
                                     {0x1FE7, "\xCE\xA5\xCC\x88\xCD\x82"},
                                     {0x1FF2, "\xE1\xBF\xBA\xCD\x85"},
                                     {0x1FF4, "\xCE\x8F\xCD\x85"},
                                     {0x1FF6, "\xCE\xA9\xCD\x82"},
                                     {0x1FF7, "\xCE\xA9\xCD\x82\xCD\x85"},
                                     {0xFB00, "Ff"},
                                     {0xFB01, "Fi"},
                                     {0xFB02, "Fl"},
                                     {0xFB03, "Ffi"},
                                     {0xFB04, "Ffl"},
                                     {0xFB05, "St"},
                                     {0xFB06, "St"},
                                     {0xFB13, "\xD5\x84\xD5\xB6"},
                                     {0xFB14, "\xD5\x84\xD5\xA5"},
                                     {0xFB15, "\xD5\x84\xD5\xAB"},
                                     {0xFB16, "\xD5\x8E\xD5\xB6"},
                                     {0xFB17, "\xD5\x84\xD5\xAD"}};

void append_title(char32_t code_point, std::string& text) {
  const auto* found = std::ranges::find(long_titles, code_point, &LongTitle::code_point);
  if (found != std::end(long_titles)) {
    text += found->title;
  } else {
    append_utf8(title_case(code_point), text);
  }
}

bool is_letter(std::string_view text) {
  return !text.empty() && first_character(text).kind == CharacterKind::letter;
}

}  // namespace

std::size_t trailing_white_space(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0) {
    std::size_t begin = end - 1;
    while (begin > 0 && continues_character(text[begin])) --begin;
    if (!is_space(first_character(text.substr(begin)).code_point)) break;
    end = begin;
  }
  return text.size() - end;
}

std::string_view strip_front(std::string_view text) {
  while (!text.empty()) {
    const Character first = first_character(text);
    if (!is_space(first.code_point)) break;
    text.remove_prefix(first.bytes);
  }
  return text;
}

std::string_view strip(std::string_view text) {
  text.remove_suffix(trailing_white_space(text));
  return strip_front(text);
}

std::int64_t num_characters(std::string_view text) {
  return std::ranges::count_if(text, [](char byte) { return !continues_character(byte); });
}

std::string capitalize(std::string_view text) {
  constexpr char32_t sigma = 0x3A3, final_sigma = 0x3C2, dotted_i = 0x130;
  std::string result;
  bool after_letter = false;
  for (bool first = true; !text.empty(); first = false) {
    const Character next = first_character(text);
    text.remove_prefix(next.bytes);
    if (first) {
      append_title(next.code_point, result);
    } else if (next.code_point == dotted_i) {
      result += "i\xCC\x87";
    } else if (next.code_point == sigma && after_letter && !is_letter(text)) {
      append_utf8(final_sigma, result);  // at the end of a word
    } else {
      append_utf8(lower_case(next.code_point), result);
    }
    after_letter = next.kind == CharacterKind::letter;
  }
  return result;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  for (std::size_t next = 0; (next = text.find(from)) != std::string_view::npos;) {
    result.append(text.substr(0, next)).append(to);
    text.remove_prefix(next + from.size());
  }
  return result.append(text);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t next = 0; (next = text.find(separator)) != std::string_view::npos;) {
    parts.push_back(text.substr(0, next));
    text.remove_prefix(next + 1);
  }
  parts.push_back(text);
  return parts;
}

}  // namespace switchyard::tasks
