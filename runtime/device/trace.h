// Trace: where the time of a step goes. Without a trace, a stream only pays for a null check.
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
    std::string_view part;  // a string literal
    Clock::time_point begin, end;
  };

  // waited: the nanoseconds that this rank has spent in collectives (FlightRecord::waited), or
  // nullptr.
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
  // By part, since the last clear().
  const std::map<std::string_view, double>& seconds() const { return seconds_; }
  const std::map<std::string_view, double>& waited_seconds() const { return waited_seconds_; }

  // Keeps the first `max_events` events from now on; clear() does not remove them.
  void keep_events(std::size_t max_events) {
    max_events_ = max_events;
    events_.reserve(max_events);
  }
  const std::vector<Event>& events() const { return events_; }

 private:
  const std::atomic<std::int64_t>* waited_;
  std::map<std::string_view, double> seconds_, waited_seconds_;
  std::vector<Event> events_;
  std::size_t max_events_ = 0;
};

// Adds its own lifetime to a part of the stream's trace. Parts do not nest; `part` is a string
// literal.
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
