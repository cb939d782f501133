// StopSignals: treats SIGTERM, SIGINT, SIGHUP (a closed terminal), SIGXCPU (the soft limit of
// `ulimit -t`) and SIGUSR1 as requests to save and exit. A second SIGTERM or SIGINT ends the
// process at once; SIGUSR1 may arrive any number of times, since Slurm, a launcher and a person may
// all send it. Under nohup, which makes the process ignore SIGHUP, a closed terminal requests
// nothing.
#pragma once

namespace switchyard {

// At most one object may exist: signal handlers belong to the process. The destructor restores the
// default handlers, but leaves SIGUSR1 ignored, as a launcher repeats it until the process is gone.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Remembers a SIGUSR1 that arrives before the object exists. Otherwise it would kill the process
  // while MPI starts or data loads.
  static void remember_warnings();

  bool requested() const { return requested_so_far(); }
  // The same before the object exists.
  static bool requested_so_far();
  // While a save runs, a second signal does not end the process: the first one asked for the save.
  void set_saving(bool saving);
  // Call when the run has saved and is about to exit: every further signal is ignored, so that a
  // launcher in a hurry cannot turn exit code 75 into 143.
  void ignore_from_now_on();

 private:
  bool ignored_ = false;
};

}  // namespace switchyard
