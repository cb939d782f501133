// SIGTERM, SIGINT and SIGUSR1 as requests to save and leave. A second SIGTERM or SIGINT leaves at
// once; SIGUSR1 may come any number of times, since Slurm, a launcher and a person may all send it.
#pragma once

namespace switchyard {

// At most one object at a time: signal handlers belong to the process. The destructor restores the
// default ones, and leaves SIGUSR1 ignored: a launcher repeats it until the process is gone.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // From here on a SIGUSR1, which is no wish to end at once, waits for the object; without it the
  // process dies of one that comes while MPI starts or data loads.
  static void remember_warnings();

  bool requested() const;
  // While a save runs, a second signal does not end the process: the save is what the first one
  // asked for.
  void set_saving(bool saving);
  // The run has saved and is about to exit: from here on every signal is ignored, for good, so that
  // a launcher in a hurry cannot turn exit code 75 into 143.
  void ignore_from_now_on();

 private:
  bool ignored_ = false;
};

}  // namespace switchyard
