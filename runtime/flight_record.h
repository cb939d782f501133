// FlightRecord: what a rank is doing. Its main thread writes it; its watchdog's thread reads it,
// and so do the other ranks of its node (runtime/watch/neighbours.h) when it can no longer tell of
// itself.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace switchyard {

enum class Phase : std::int32_t { start, step, evaluate, save, place, finish };
enum class Collective : std::int32_t {
  none,  // computing
  all_reduce,
  broadcast,
  all_gather,
  reduce_scatter_parts,
  all_gather_parts,
  all_to_all_rows,
  exchange_rows,
  barrier
};
std::string place_text(Phase phase, Collective collective);  // "saving", "in all_reduce"

struct FlightRecord {
  int file = -1;  // the descriptor of the file it lies in; -1: it is not shared
  std::atomic<Phase> phase{Phase::start};
  std::atomic<std::int64_t> step{-1};                    // the one under way or done last
  std::atomic<std::int64_t> collectives{0};              // begun
  std::atomic<Collective> collective{Collective::none};  // the one it is in
  std::atomic<std::int64_t> waited{0};                   // nanoseconds in collectives
};

struct ReleaseRecord {
  void operator()(FlightRecord* record) const;      // and its file
  void operator()(const FlightRecord* view) const;  // of another process
};
using SharedRecord = std::unique_ptr<FlightRecord, ReleaseRecord>;
using RecordView = std::unique_ptr<const FlightRecord, ReleaseRecord>;

// In a file of memory without a name, which goes with the last process that maps it, however that
// ends. Errors: Exit::internal if the system has no memory for it.
SharedRecord make_shared_record();
std::uint64_t inode_of(const FlightRecord& record);  // of its file; 0: it is not shared
// The one of another process of this node; null if there is none, or the process of that number is
// another one, as between containers.
RecordView map_record(pid_t process, int file, std::uint64_t inode);

// For the life of one collective.
class InCollective {
 public:
  InCollective(FlightRecord* record, Collective collective) : record_(record) {
    if (record_ == nullptr) return;
    record_->collectives.fetch_add(1, std::memory_order_relaxed);
    record_->collective.store(collective, std::memory_order_relaxed);
    begin_ = Clock::now();
  }
  ~InCollective() {
    if (record_ == nullptr) return;
    record_->collective.store(Collective::none, std::memory_order_relaxed);
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
