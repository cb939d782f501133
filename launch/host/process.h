// Starts other programs as a shell does: found in PATH, with this process's environment, but with
// an empty stdin.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace switchyard {

constexpr int cannot_start = 127;  // the exit code of a program that could not be started

struct Finished {
  int code = 0;        // its exit code, or 128 + the signal that ended it; cannot_start
  std::string output;  // stdout and stderr, if captured
};

// Runs a program to its end and captures what it prints. Kills it if it runs longer than
// `patience`.
Finished run_program(const std::vector<std::string>& command, std::chrono::seconds patience);

// Starts a program in a separate process group, so that a Ctrl-C on the terminal reaches only this
// process. The program gets SIGTERM when the calling thread ends first, so that a killed supervisor
// leaves no ranks behind. Errors: Exit::internal if the system cannot create a process.
pid_t start_program(const std::vector<std::string>& command);
// Returns the exit code as in Finished, or -1 if a signal interrupted the wait.
int wait_for_program(pid_t program);

bool is_in_path(const std::string& program);  // or a path to a program

}  // namespace switchyard
