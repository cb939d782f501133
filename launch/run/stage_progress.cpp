#include "launch/run/stage_progress.h"

#include <fmt/format.h>

#include "io/text/amount.h"
#include "io/text/byte_size.h"

namespace switchyard {
namespace {

std::string amount_text(double amount, std::string_view unit) {
  return unit == "B" ? bytes_in_words(static_cast<std::int64_t>(amount))
                     : fmt::format("{:.0f} {}", amount, unit);
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
  line += "  " + (std::string_view(status.unit) == "B" ? amount_in_words(rate, "B/s")
                                                       : amount_text(rate, status.unit) + "/s");
  if (done < total) line += fmt::format("  {:.0f}s left", (total - done) / rate);
  return line;
}

// Whether a stage shows with its first report.
bool StageProgress::starts(const prepare::Status& status) {
  end();
  stage_ = status.stage;
  began_ = Clock::now();
  is_full_ = false;
  return terminal_ || status.total <= 0;
}

void StageProgress::report(const prepare::Status& status) {
  const bool shows = status.stage != stage_ ? starts(status) : line_.due() && !is_full_;
  const bool fills = status.total > 0 && status.done >= status.total && !is_full_;
  if (!shows && !fills) return;
  is_full_ = is_full_ || fills;
  line_.show(stage_line(status, std::chrono::duration<double>(Clock::now() - began_).count()));
}

}  // namespace switchyard
