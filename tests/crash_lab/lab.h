// The crash lab's hold on the file system: this program's system calls are recorded, and one of
// them can be made to kill, stop or fail (faulty_calls.cpp takes the place of
// io/files/system_calls.cpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace switchyard::crash_lab {

enum class Operation : std::uint8_t {
  create,        // path; of a file that was not there
  truncate,      // path, offset: the new size
  write,         // path, offset, bytes
  fsync,         // path
  fsync_folder,  // path
  mkdir,         // path
  rename,        // path, to
  remove,        // path
  acknowledge,   // bytes: a number of the program's own; not an operation
};
const char* name_of(Operation operation);

// What happens at one operation. The first four end the process's part, the next four fail the
// call, and the last lets it succeed with one bit of what it writes changed.
enum class Action : std::uint8_t {
  kill_before,
  kill_after,
  stop_before,
  stop_after,
  eio,
  enospc,
  short_write,
  interrupt,
  flipped_bit
};
std::optional<Action> action_called(const std::string& name);

// Counts operations inside folders called `checkpoints` or `registry` and on such folders, from 1.
struct Fault {
  std::int64_t at = 0;  // 0: never
  Action action = Action::eio;
};

// A wrong protocol, played by the layer below a right one: each must be caught.
enum class Mutant : std::uint8_t {
  none,
  no_fsync_of_file,
  no_fsync_of_manifest,
  no_fsync_of_folder_before_commit,
  no_fsync_of_folder_after_commit,
  no_fsync_of_parent,
  no_fsync_of_run,
  no_rename,            // the manifest is written in place
  commit_before_vote,   // what other ranks sync, they sync after the commit
  lost_write,           // a write that failed is reported as done
  short_write,          // a write that was cut short is reported as whole
  no_fsync_of_pointer,  // current.json of a registry
  no_fsync_of_registry,
  no_rename_of_pointer
};
std::optional<Mutant> mutant_called(const std::string& name);

// For a program that drives its own faults. The environment does the same for one that does not:
// SWITCHYARD_FAULT=RANK:AT:ACTION, SWITCHYARD_RECORD=FOLDER.
void arm(Fault fault);      // counts from 0 again
std::int64_t operations();  // since then
bool fired();               // the fault happened since then
void set_mutant(Mutant mutant);
// Recording goes to FOLDER/rank-N.log, numbered by a counter that all processes share.
void record_to(const std::string& folder, int rank);
void stop_recording();
void acknowledge(std::int64_t number);

}  // namespace switchyard::crash_lab
