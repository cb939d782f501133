// FlightRecord: what a rank is doing. Its main thread writes it; its watchdog's thread reads it,
// and so do the other ranks of its node (runtime/watch/neighbours.h) when the rank can no longer
// report.
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
  int file = -1;  // the descriptor of the file that holds it; -1: it is not shared
  std::atomic<Phase> phase{Phase::start};
  std::atomic<std::int64_t> step{-1};                    // the current step, or the last one
  std::atomic<std::int64_t> collectives{0};              // how many were begun
  std::atomic<Collective> collective{Collective::none};  // the one that the rank is in
  std::atomic<std::int64_t> waited{0};                   // nanoseconds spent in collectives
};

struct ReleaseRecord {
  void operator()(FlightRecord* record) const;      // closes its file too
  void operator()(const FlightRecord* view) const;  // a record of another process
};
using SharedRecord = std::unique_ptr<FlightRecord, ReleaseRecord>;
using RecordView = std::unique_ptr<const FlightRecord, ReleaseRecord>;

// Lies in a memory file without a name, which disappears with the last process that maps it,
// however that process ends. Errors: Exit::internal if the system has no memory for it.
SharedRecord make_shared_record();
std::uint64_t inode_of(const FlightRecord& record);  // of the record's file; 0: it is not shared
// Maps the record of another process of this node. Returns null if there is none, or if the inode
// shows that this number belongs to a different process, as it may between containers.
RecordView map_record(pid_t process, int file, std::uint64_t inode);

// Marks a collective in the record while it lives.
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
