#include "launch/host/progress_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "launch/host/standard_streams.h"

namespace switchyard {
namespace {

constexpr std::chrono::milliseconds redraw_interval{200}, line_interval{10'000};

}  // namespace

bool ProgressLine::due() const {
  return Clock::now() - last_ >= (terminal_ ? redraw_interval : line_interval);
}

void ProgressLine::show(std::string_view text) {
  say(terminal_ ? fmt::format("\r{}\x1b[K", text) : fmt::format("{}\n", text));
  drawn_ = terminal_;
  last_ = Clock::now();
}

void ProgressLine::end() {
  if (drawn_) say("\n");
  drawn_ = false;
}

void ProgressLine::erase() {
  if (!drawn_) return;
  say("\r\x1b[K");
  drawn_ = false;
  last_ -= redraw_interval;
}

std::string progress_bar(std::int64_t done, std::int64_t total) {
  constexpr int width = 20;
  const auto filled = static_cast<int>(done * width / std::max<std::int64_t>(1, total));
  return fmt::format("{:=>{}}{:{}}", filled > 0 ? ">" : "", filled, "", width - filled);
}

}  // namespace switchyard
