// Trace: where the time of a step goes. A stream without one pays a null check.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "runtime/device/stream.h"

namespace switchyard {

class Trace {
 public:
  using Clock = std::chrono::steady_clock;
  struct Event {
    std::string_view part;  // a literal
    Clock::time_point begin, end;
  };

  // waited: nanoseconds this rank spent in collectives so far (FlightRecord::waited), or nullptr.
  explicit Trace(const std::atomic<std::int64_t>* waited = nullptr) : waited_(waited) {}

  std::int64_t waited_so_far() const {
    return waited_ == nullptr ? 0 : waited_->load(std::memory_order_relaxed);
  }
  void add(const Event& event, std::int64_t waited_nanoseconds) {
    seconds_[event.part] += std::chrono::duration<double>(event.end - event.begin).count();
    waited_seconds_[event.part] += 1e-9 * static_cast<double>(waited_nanoseconds);
    if (events_.size() < max_events_) events_.push_back(event);
  }
  void clear() {
    seconds_.clear();
    waited_seconds_.clear();
  }
  // By part, since clear().
  const std::map<std::string_view, double>& seconds() const { return seconds_; }
  const std::map<std::string_view, double>& waited_seconds() const { return waited_seconds_; }

  // Keeps the first `most` events from now on; clear() leaves them.
  void keep_events(std::size_t most) {
    max_events_ = most;
    events_.reserve(most);
  }
  const std::vector<Event>& events() const { return events_; }

 private:
  const std::atomic<std::int64_t>* waited_;
  std::map<std::string_view, double> seconds_, waited_seconds_;
  std::vector<Event> events_;
  std::size_t max_events_ = 0;
};

// Adds its own lifetime to a part of the stream's trace. Parts do not nest; `part` is a literal.
class Span {
 public:
  Span(const Stream& stream, std::string_view part) : trace_(stream.trace()), event_{part, {}, {}} {
    if (trace_ == nullptr) return;
    waited_ = trace_->waited_so_far();
    event_.begin = Trace::Clock::now();
  }
  ~Span() {
    if (trace_ == nullptr) return;
    event_.end = Trace::Clock::now();
    trace_->add(event_, trace_->waited_so_far() - waited_);
  }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

 private:
  Trace* trace_;
  Trace::Event event_;
  std::int64_t waited_ = 0;
};

}  // namespace switchyard
