// What the system says of another process of this node, which may be stopped, stuck or gone.
#pragma once

#include <sys/types.h>

#include <string>

namespace switchyard {

// From /proc: the state of its first thread, the function of the kernel it waits in and, for who
// may read that, the calls that led there, innermost first: "stopped (T), waits in do_signal_stop".
// Of a process that is no longer there: "gone".
std::string process_state(pid_t process);

}  // namespace switchyard
