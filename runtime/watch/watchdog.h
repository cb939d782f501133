// Watchdog: ends the job when a rank is dead, silent or stuck, and says which rank. A thread of
// each rank sends heartbeats to rank 0 over TCP; rank 0's thread watches and answers. It needs
// nothing of the main thread, which may hang in a collective forever: Open MPI 4 offers no other
// way out.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "runtime/comm/comm.h"
#include "runtime/flight_record.h"

namespace switchyard {

struct WatchdogConfig {
  bool enabled = true;
  double peer_timeout = 30.0;  // seconds of silence
  double step_timeout = 0.0;   // seconds in one step; 0: the larger of 60 s and 10 median steps
  std::string interface;       // the network interface to use; empty: any
};

class Watchdog {
 public:
  // Collective; does nothing with one rank. Just before the process exits with Exit::peer, a thread
  // of rank 0 passes `report` what happened and where every rank was. Errors, agreed: Exit::usage
  // if a rank cannot reach rank 0.
  Watchdog(Comm& world, const FlightRecord& record, const WatchdogConfig& config,
           std::function<void(const std::string&)> report);
  // Says farewell, so that the other ranks do not take this one for dead.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace switchyard
