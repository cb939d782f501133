// FlightRecord: what a rank is doing. Its main thread writes it, its watchdog's thread reads it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace switchyard {

enum class Phase : std::int32_t { start, step, evaluate, save, place, finish };
const char* name_of(Phase phase);

struct FlightRecord {
  std::atomic<Phase> phase{Phase::start};
  std::atomic<std::int64_t> step{-1};            // the one under way or done last
  std::atomic<std::int64_t> collectives{0};      // begun
  std::atomic<const char*> collective{nullptr};  // the one it is in, a literal; null: computing
  std::atomic<std::int64_t> waited{0};           // nanoseconds in collectives
};

// For the life of one collective.
class InCollective {
 public:
  InCollective(FlightRecord* record, const char* name) : record_(record) {
    if (record_ == nullptr) return;
    record_->collectives.fetch_add(1, std::memory_order_relaxed);
    record_->collective.store(name, std::memory_order_relaxed);
    begin_ = Clock::now();
  }
  ~InCollective() {
    if (record_ == nullptr) return;
    record_->collective.store(nullptr, std::memory_order_relaxed);
    record_->waited.fetch_add(std::chrono::nanoseconds(Clock::now() - begin_).count(),
                              std::memory_order_relaxed);
  }
  InCollective(const InCollective&) = delete;
  InCollective& operator=(const InCollective&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  FlightRecord* record_;
  Clock::time_point begin_;
};

}  // namespace switchyard
