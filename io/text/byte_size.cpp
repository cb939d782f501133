#include "io/text/byte_size.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "runtime/error.h"

namespace switchyard {

std::int64_t parse_byte_size(const std::string& text, const std::string& option) {
  constexpr std::array<std::pair<std::string_view, double>, 8> units = {{{"", 1},
                                                                         {"B", 1},
                                                                         {"KiB", 1024.0},
                                                                         {"MiB", 0x1p20},
                                                                         {"GiB", 0x1p30},
                                                                         {"TiB", 0x1p40},
                                                                         {"MB", 1e6},
                                                                         {"GB", 1e9}}};
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const auto& [name, factor] : units) {
    if (error == std::errc() && unit == name && number >= 0.0 && number * factor < 0x1p62) {
      return static_cast<std::int64_t>(number * factor);
    }
  }
  fail(Exit::usage, "{} = '{}' is not a size such as 512MiB, 2GiB or 1500MB", option, text);
}

std::string bytes_in_words(std::int64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto amount = static_cast<double>(bytes);
  for (const char* unit : {"KiB", "MiB", "GiB", "TiB"}) {
    amount /= 1024;
    if (amount >= 1023.5) continue;
    const int digits = amount < 9.995 ? 2 : amount < 99.95 ? 1 : 0;
    return fmt::format("{:.{}f} {}", amount, digits, unit);
  }
  return fmt::format("{:.0f} PiB", amount / 1024);
}

}  // namespace switchyard
