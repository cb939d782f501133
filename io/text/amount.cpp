#include "io/text/amount.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace switchyard {

std::string amount_in_words(double amount, std::string_view unit) {
  std::string suffix(unit);
  for (const char* prefix : {"k", "M", "G", "T", "P", "E"}) {
    if (amount < 999.5) break;
    amount /= 1000;
    suffix = prefix + std::string(unit);
  }
  const bool whole = suffix == unit && amount == std::round(amount);
  const int digits = whole || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}{}{}", amount, digits, suffix.empty() ? "" : " ", suffix);
}

std::string duration_in_words(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  const std::int64_t minutes = whole / 60, hours = minutes / 60;
  if (hours >= 48) return fmt::format("{}d{:02}h", hours / 24, hours % 24);
  if (hours > 0) return fmt::format("{}h{:02}m", hours, minutes % 60);
  return minutes > 0 ? fmt::format("{}m{:02}s", minutes, whole % 60) : fmt::format("{}s", whole);
}

}  // namespace switchyard
