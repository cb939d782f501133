#include "launch/run/stage_progress.h"

#include <fmt/format.h>

#include "launch/host/byte_size.h"
#include "launch/host/progress_bar.h"
#include "launch/host/standard_streams.h"

namespace switchyard {
namespace {

std::string amount_text(double amount, std::string_view unit) {
  return unit == "B" ? byte_size_text(amount) : fmt::format("{:.0f} {}", amount, unit);
}

}  // namespace

std::string stage_line(const prepare::Status& status, double seconds) {
  const auto done = static_cast<double>(status.done), total = static_cast<double>(status.total);
  std::string line = fmt::format("{:<12}", status.stage);
  if (status.total <= 0 && status.done <= 0) return line;
  if (status.total <= 0) return line + " " + amount_text(done, status.unit);
  line += fmt::format(" [{}] {} of {}", progress_bar(status.done, status.total),
                      amount_text(done, status.unit), amount_text(total, status.unit));
  if (seconds < 0.5 || status.done == 0) return line;
  const double rate = done / seconds;
  line += fmt::format("  {}/s", amount_text(rate, status.unit));
  if (done < total) line += fmt::format("  {:.0f}s left", (total - done) / rate);
  return line;
}

void StageProgress::report(const prepare::Status& status) {
  const Clock::time_point now = Clock::now();
  const bool same = status.stage == stage_;
  if (same && now - last_ < (terminal_ ? redraw_interval : line_interval)) return;
  if (!same) {
    end();
    stage_ = status.stage;
    began_ = now;
  }
  print(status, now);
}

void StageProgress::print(const prepare::Status& status, Clock::time_point now) {
  last_ = now;
  const double seconds = std::chrono::duration<double>(now - began_).count();
  say(fmt::format("{}{}{}", terminal_ ? "\r" : "", stage_line(status, seconds),
                  terminal_ ? "\x1b[K" : "\n"));
  open_ = terminal_;
}

void StageProgress::end() {
  if (open_) say("\n");
  open_ = false;
}

}  // namespace switchyard
