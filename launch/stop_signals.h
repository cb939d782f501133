// SIGTERM, SIGINT and SIGUSR1 as requests: the first asks the run to save and leave, the second
// leaves at once.
#pragma once

namespace switchyard {

// At most one object at a time: signal handlers belong to the process. The destructor restores the
// default ones.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  bool requested() const;
  // While a save runs, a second signal does not end the process: the save is what the first one
  // asked for.
  void set_saving(bool saving);
};

}  // namespace switchyard
