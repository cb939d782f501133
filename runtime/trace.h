// Trace: where the time of a step goes. A stream without one pays a null check.
#pragma once

#include <chrono>
#include <map>
#include <string_view>

#include "runtime/stream.h"

namespace switchyard {

class Trace {
 public:
  void add(std::string_view part, double seconds) { seconds_[part] += seconds; }
  void clear() { seconds_.clear(); }
  const std::map<std::string_view, double>& seconds() const { return seconds_; }

 private:
  std::map<std::string_view, double> seconds_;
};

// Adds its own lifetime to a part of the stream's trace. Parts do not nest; `part` is a literal.
class Span {
 public:
  Span(const Stream& stream, std::string_view part) : trace_(stream.trace()), part_(part) {
    if (trace_ != nullptr) start_ = std::chrono::steady_clock::now();
  }
  ~Span() {
    if (trace_ == nullptr) return;
    trace_->add(part_,
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count());
  }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

 private:
  Trace* trace_;
  std::string_view part_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace switchyard
