#include "launch/host/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <limits>
#include <string>

#include "launch/host/environment.h"

namespace switchyard {

bool stderr_is_terminal() {
  if (environment_variable("TERM") == "dumb") return false;
  if (isatty(STDERR_FILENO) == 1) return true;
  if (environment_variable("OMPI_COMM_WORLD_RANK").empty()) return false;
  // mpirun gives its ranks a pipe and copies what comes out of it to its own stderr.
  const std::string launcher_stderr = "/proc/" + std::to_string(getppid()) + "/fd/2";
  const int descriptor =
      open(launcher_stderr.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  const bool terminal = descriptor >= 0 && isatty(descriptor) == 1;
  if (descriptor >= 0) close(descriptor);
  return terminal;
}

bool stdout_is_terminal() {
  return environment_variable("TERM") != "dumb" && isatty(STDOUT_FILENO) == 1;
}

int terminal_width() {
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : std::numeric_limits<int>::max();
}

bool no_color() { return !environment_variable("NO_COLOR").empty(); }

}  // namespace switchyard
