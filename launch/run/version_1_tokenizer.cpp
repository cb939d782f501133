#include "launch/run/version_1_tokenizer.h"

#include <cstdint>

#include "runtime/error.h"

namespace switchyard {

std::string decode_version_1_tokenizer(std::string_view base64) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int num_bits = 0;  // not yet in `bytes`
  for (const char c : base64.substr(0, base64.find('='))) {
    const std::size_t digit = alphabet.find(c);
    require(digit != std::string_view::npos, Exit::data,
            "its tokenizer is not base64: it contains the byte {}", static_cast<unsigned char>(c));
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    num_bits += 6;
    if (num_bits < 8) continue;
    num_bits -= 8;
    bytes += static_cast<char>(bits >> num_bits & 255U);
  }
  return bytes;
}

}  // namespace switchyard
