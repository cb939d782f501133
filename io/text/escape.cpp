#include "io/text/escape.h"

#include <fmt/format.h>

#include <iterator>

#include "io/text/unicode.h"

namespace switchyard {
namespace {

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7F && code <= 0x9F); }

// Marks of direction, line and paragraph separators, the byte order mark, and tags: what changes
// how the text around it looks without being seen.
bool is_deceptive(char32_t code) {
  return code == 0x61C || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF ||
         (code >= 0xE0000 && code <= 0xE007F);
}

// `replace(character)` gives the text to write for an ordinary character that is special here,
// or nothing.
template <class Replace>
std::string escaped(std::string_view text, Replace replace) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [code, kind, bytes] = first_character(text);
    const auto first = static_cast<unsigned char>(text[0]);
    const bool valid = first < 0x80 || bytes > 1;
    const std::string_view special = valid ? replace(code) : "";
    if (!special.empty()) {
      out += special;
    } else if (!valid || is_control(code)) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}",
                     valid ? static_cast<unsigned>(code) : first);
    } else if (is_deceptive(code)) {
      fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}", static_cast<unsigned>(code));
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
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

std::string shortened(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  std::size_t end = max_bytes;
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
