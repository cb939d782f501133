#include "launch/host/progress_bar.h"

#include <fmt/format.h>

#include <algorithm>

namespace switchyard {

std::string progress_bar(std::int64_t done, std::int64_t total) {
  constexpr int width = 20;
  const auto filled = static_cast<int>(done * width / std::max<std::int64_t>(1, total));
  return fmt::format("{:=>{}}{:{}}", filled > 0 ? ">" : "", filled, "", width - filled);
}

}  // namespace switchyard
