#include "io/tokens/hub/byte_alphabet.h"

#include <charconv>
#include <cstdint>

#include "io/text/unicode.h"

namespace switchyard::hub {
namespace {

bool is_printable(std::uint32_t byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

std::vector<std::string> make_visible_bytes() {
  std::vector<std::string> visible(256);
  char32_t next = 0x100;
  for (std::uint32_t byte = 0; byte < 256; ++byte)
    append_utf8(is_printable(byte) ? byte : next++, visible[byte]);
  return visible;
}

// By code point; -1: it is no byte's.
std::vector<int> make_bytes_of_code_points() {
  std::vector<int> bytes(0x200, -1);
  for (int byte = 0; byte < 256; ++byte) {
    const std::string& visible = visible_bytes()[static_cast<std::size_t>(byte)];
    bytes[first_character(visible).code_point] = byte;
  }
  return bytes;
}

}  // namespace

const std::vector<std::string>& visible_bytes() {
  static const std::vector<std::string> visible = make_visible_bytes();
  return visible;
}

std::optional<std::string> bytes_of_visible(std::string_view text) {
  static const std::vector<int> bytes = make_bytes_of_code_points();
  std::string result;
  while (!text.empty()) {
    const Character character = first_character(text);
    const int byte = character.code_point < bytes.size() ? bytes[character.code_point] : -1;
    if (byte < 0) return std::nullopt;
    result += static_cast<char>(byte);
    text.remove_prefix(character.bytes);
  }
  return result;
}

std::optional<unsigned char> byte_of_piece(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text.back() != '>') return std::nullopt;
  unsigned int byte = 0;
  const char* end = text.data() + 5;
  const auto parsed = std::from_chars(text.data() + 3, end, byte, 16);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return static_cast<unsigned char>(byte);
}

}  // namespace switchyard::hub
