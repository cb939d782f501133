// Other programs, started as a shell would: found in PATH, with this process's environment.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace switchyard {

struct Finished {
  int code = 0;  // its exit code, or 128 + the signal that ended it; 127: could not be started
  std::string output;  // stdout and stderr, if captured
};

// Waits for it and captures what it prints. A program that is not done after `patience` is killed.
Finished run_program(const std::vector<std::string>& command, std::chrono::seconds patience);

// Starts it in a process group of its own, so that a Ctrl-C on the terminal reaches this process
// alone. Errors: Exit::internal if the system has no room for a process.
pid_t start_program(const std::vector<std::string>& command);
// The exit code as in Finished. Returns -1 if a signal interrupted the wait.
int wait_for_program(pid_t program);

bool is_in_path(const std::string& program);

}  // namespace switchyard
