// What to do when the ranks of a run have ended: a pure function of what they left behind.
#pragma once

#include <cstdint>
#include <string>

#include "launch/run/run_directory.h"

namespace switchyard::supervise {

enum class Next : std::uint8_t { finish, leave_saved, restart, give_up };

struct Verdict {
  Next next = Next::finish;
  int code = 0;       // for the supervisor to exit with, unless next is restart
  Failures failures;  // from here on
  std::string why;    // one line; empty: nothing to say
};

// code: what the launcher returned. state: what state.json says now; its status is "" if there is
// none. Exit codes that a restart cannot mend (usage, data, storage, numerical) end the run with
// that code; any other end counts as a failure, and the `most`th one that made no progress since
// the first is a crash loop, Exit::crash_loop.
Verdict judge(int code, const RunState& state, const Failures& before, int most);

}  // namespace switchyard::supervise
