// The state of another process of this node, which may be stopped, stuck or gone.
#pragma once

#include <sys/types.h>

#include <string>

namespace switchyard {

// From /proc: the state of the process's first thread and, where the system names it, the function
// of the kernel in which that thread waits: "stopped (T), waits in do_signal_stop". "gone" if there
// is no such process.
std::string process_state(pid_t process);

}  // namespace switchyard
