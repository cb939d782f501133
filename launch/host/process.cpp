#include "launch/host/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "launch/host/environment.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

int code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// In the child. Returns only if the program cannot be started.
void become(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
}

pid_t fork_or_fail(const std::string& program) {
  const pid_t child = fork();
  require(child >= 0, "cannot start {}: {}", program, std::strerror(errno));
  return child;
}

// In the child: gives it an empty stdin. This program's own stdin may be the list that a shell's
// `while read` loop goes through, and no program that it starts may take a line of that.
void take_no_input() {
  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0) dup2(nothing, STDIN_FILENO);
  if (nothing > STDERR_FILENO) close(nothing);
}

// Reads from `descriptor` until it is closed, or until the deadline: then returns false.
bool read_all(int descriptor, std::chrono::steady_clock::time_point deadline, std::string& text) {
  std::array<char, 4096> part{};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd ready{descriptor, POLLIN, 0};
    if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) == 0) return false;
    const ssize_t size = read(descriptor, part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return true;
    text.append(part.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace

Finished run_program(const std::vector<std::string>& command, std::chrono::seconds patience) {
  int ends[2];
  require(pipe2(ends, O_CLOEXEC) == 0, "cannot make a pipe: {}", std::strerror(errno));
  const pid_t child = fork_or_fail(command[0]);
  if (child == 0) {
    take_no_input();
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    become(command);
    _exit(cannot_start);
  }
  close(ends[1]);
  Finished finished;
  if (!read_all(ends[0], std::chrono::steady_clock::now() + patience, finished.output)) {
    kill(child, SIGKILL);
  }
  close(ends[0]);
  while ((finished.code = wait_for_program(child)) < 0) {
  }
  return finished;
}

pid_t start_program(const std::vector<std::string>& command) {
  const pid_t parent = getpid();
  const pid_t child = fork_or_fail(command[0]);
  if (child != 0) return child;
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(cannot_start);  // it died before it could be watched
  take_no_input();
  become(command);
  const std::string message =
      "switchyard: cannot start " + command[0] + ": " + std::strerror(errno) + "\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, message.data(), message.size());
  _exit(cannot_start);
}

int wait_for_program(pid_t program) {
  int status = 0;
  if (waitpid(program, &status, 0) == program) return code_of(status);
  return -1;
}

bool is_in_path(const std::string& program) {
  if (program.find('/') != std::string::npos) return access(program.c_str(), X_OK) == 0;
  std::istringstream folders(environment_variable("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace switchyard
