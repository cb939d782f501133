#include "io/prepare/escape.h"

#include <fmt/format.h>

#include <iterator>

namespace switchyard {
namespace {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

// The first character of `text`, which is not empty.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {lead};
  char32_t code = lead & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {lead};
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < smallest[size] || code > 0x10FFFF || is_surrogate) return {lead};
  return {code, size, true};
}

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7F && code <= 0x9F); }

// Marks of direction, line and paragraph separators, the byte order mark, and tags: what changes
// how the text around it looks without being seen.
bool is_deceptive(char32_t code) {
  return code == 0x61C || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF ||
         (code >= 0xE0000 && code <= 0xE007F);
}

// `replace(character)` gives the text that stands for an ordinary character that is special here,
// or nothing.
template <class Replace>
std::string escaped(std::string_view text, Replace replace) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::string_view special = character.valid ? replace(character.code) : "";
    if (!special.empty()) {
      out += special;
    } else if (!character.valid || is_control(character.code)) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned>(character.code));
    } else if (is_deceptive(character.code)) {
      fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}", static_cast<unsigned>(character.code));
    } else {
      out += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return out;
}

std::string_view html_entity(char32_t code) {
  switch (code) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    case '\n':
      return "\n";
    case '\t':
      return "\t";
    default:
      return "";
  }
}

std::string_view markdown_escape(char32_t code) {
  switch (code) {
    case '\\':
      return "\\\\";
    case '`':
      return "\\`";
    case '*':
      return "\\*";
    case '_':
      return "\\_";
    case '[':
      return "\\[";
    case ']':
      return "\\]";
    case '#':
      return "\\#";
    case '|':
      return "\\|";
    case '~':
      return "\\~";
    case '&':
    case '<':
    case '>':
      return html_entity(code);
    default:
      return "";
  }
}

}  // namespace

std::string terminal_text(std::string_view text) {
  return escaped(text, [](char32_t) { return std::string_view(); });
}

std::string html_text(std::string_view text) { return escaped(text, html_entity); }

std::string markdown_text(std::string_view text) {
  return escaped(on_one_line(text), markdown_escape);
}

std::string shortened(std::string_view text, std::size_t most_bytes) {
  if (text.size() <= most_bytes) return std::string(text);
  std::size_t end = most_bytes;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::string on_one_line(std::string_view text) {
  std::string out;
  for (const char character : text) {
    const bool blank = std::string_view(" \t\n\v\f\r").find(character) != std::string_view::npos;
    if (!blank) {
      out += character;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace switchyard
