// Decides what to do when the ranks of a run have ended: a pure function of what they left behind.
#pragma once

#include <cstdint>
#include <string>

#include "launch/run/run_directory.h"

namespace switchyard::supervise {

enum class Next : std::uint8_t { finish, leave_saved, restart, give_up };

struct Verdict {
  Next next = Next::finish;
  int code = 0;       // the supervisor's exit code, unless next is restart
  Failures failures;  // from here on
  std::string why;    // one line; may be empty
};

// How the ranks ended.
struct RanksEnd {
  int code = 0;                // what the launcher returned
  bool advanced = true;        // they did at least one step
  bool out_of_memory = false;  // meanwhile the kernel killed a process because memory ran out
};

// state: the content of state.json; its status is "" if there is none. Exit codes that a restart
// cannot fix (usage, data, storage, numerical) end the run with that code. Any other end is a
// failure, and after `max_failures` of them without progress the run ends with Exit::crash_loop; at
// once if memory ran out before the first step, since it will again.
Verdict judge(const RanksEnd& end, const RunState& state, const Failures& before, int max_failures);

}  // namespace switchyard::supervise
