// counted(1, "rank") is "1 rank", counted(2, "rank") "2 ranks", counted(2, "batch") "2 batches".
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <string>
#include <string_view>

namespace switchyard {

std::string counted(std::integral auto number, std::string_view noun) {
  const char* ending = number == 1 ? "" : noun.ends_with("ch") ? "es" : "s";
  return fmt::format("{} {}{}", number, noun, ending);
}

}  // namespace switchyard
