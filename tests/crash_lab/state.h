// What the lab knows of this process: its open files, its fault, its recording.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tests/crash_lab/record.h"

namespace switchyard::crash_lab {

struct OpenFile {
  std::string path;
  bool folder = false;
};

// What to do with one call.
struct Verdict {
  bool counted = false;  // it is the fault's
  Action action = Action::eio;
};

class State {
 public:
  // Never destroyed: files are closed until the very end.
  static State& get();

  std::recursive_mutex mutex;
  std::map<int, OpenFile> open_files;
  std::vector<std::string> late_fsyncs;  // of the mutant commit_before_vote
  Fault fault;
  std::int64_t count = 0;
  bool fired = false;
  Mutant mutant = Mutant::none;

  int rank() const { return rank_; }
  OpenFile file_of(int descriptor);
  Verdict next(const std::string& path);
  bool strikes(const std::string& path, Action action);  // the next call: is the fault's, and so

  void record_to(const std::string& folder, int rank);
  void stop_recording();
  std::int64_t number() { return log_ < 0 ? 0 : shared_->counter.fetch_add(1); }
  void record(Record record, std::int64_t number);
  // Names that come and go, one at a time over all processes: what one has made, another may use at
  // once, and its number must be the later one.
  void lock_names();
  void unlock_names();

 private:
  State();
  void read_fault(const char* text);

  struct Shared {  // by all processes; zeroed when it is made
    std::atomic<std::int64_t> counter;
    std::atomic<bool> names_locked;
  };
  int rank_ = 0;
  int log_ = -1;
  Shared* shared_ = nullptr;
};

// Of the mutants.
bool is_skipped(const OpenFile& file);          // this fsync is left out
void catch_up(const std::string& opened);       // what was put off happens now
std::string in_place(const std::string& path);  // where the file really goes
bool lies(bool failed, bool cut);               // the write is reported as whole

bool contains(const std::string& text, const char* part);

}  // namespace switchyard::crash_lab
