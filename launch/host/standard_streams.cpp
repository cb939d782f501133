#include "launch/host/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "runtime/error.h"

namespace switchyard {

void open_missing_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) != -1) continue;
    open("/dev/null", O_RDWR);  // takes the lowest free number, which is this one
  }
}

void let_large_writes_fail() { std::signal(SIGXFSZ, SIG_IGN); }

void say(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void check_results_written() {
  errno = 0;
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  require(written, Exit::storage, "cannot write to the standard output: {}",
          errno == 0 ? "part of it is lost" : std::strerror(errno));
}

}  // namespace switchyard
