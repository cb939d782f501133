// ProgressLine: shows on stderr how far a job is. On a terminal it is one line that redraws itself,
// elsewhere a plain line every ten seconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard {

class ProgressLine {
 public:
  explicit ProgressLine(bool terminal) : terminal_(terminal) {}
  ~ProgressLine() { end(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // True if the last line, or the start, is long enough ago for another line.
  bool due() const;
  void show(std::string_view text);
  // Leaves what is shown and moves below it, so that something else can be printed.
  void end();
  // Takes away what is shown. On a terminal the next line is due at once.
  void erase();

 private:
  using Clock = std::chrono::steady_clock;

  bool terminal_;
  bool drawn_ = false;  // the cursor is at the end of a line that can be redrawn
  Clock::time_point last_ = Clock::now();
};

// "=====>              ": 20 columns.
std::string progress_bar(std::int64_t done, std::int64_t total);

}  // namespace switchyard
