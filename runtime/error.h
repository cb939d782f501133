// How Switchyard reports what went wrong: one exception type that carries an exit code and a
// message with the numbers.
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>

namespace switchyard {

// The program's exit codes (docs/train.md lists what a batch script should do with each).
enum class Exit : int {
  done = 0,
  internal = 1,  // a defect of Switchyard
  usage = 2,     // a command line or config that cannot work
  data = 3,      // a dataset or checkpoint that is missing, damaged or does not fit
  storage = 4,   // ENOSPC, EDQUOT, EIO
  busy = 5,      // another process is using the run directory
  numerical =
      6,     // NaN, Inf or an overflow reached the gradients; nothing was written into the weights
  gate = 8,  // all went well, and a gate or a monitor said no
  requeue = 75,    // saved; start me again
  peer = 76,       // another rank died or is stuck; start me again
  crash_loop = 77  // the same failure has come back repeatedly; do not start me again
};

class Error : public std::runtime_error {
 public:
  Error(Exit code, const std::string& message) : std::runtime_error(message), code_(code) {}
  Exit code() const { return code_; }

  // True when every rank is throwing this same error, so that one of them may speak for all
  // (runtime/comm/agree.h).
  bool agreed() const { return agreed_; }
  Error as_agreed() const {
    Error copy = *this;
    copy.agreed_ = true;
    return copy;
  }

 private:
  Exit code_;
  bool agreed_ = false;
};

template <class... Args>
[[noreturn]] void fail(Exit code, fmt::format_string<Args...> message, Args&&... args) {
  throw Error(code, fmt::format(message, std::forward<Args>(args)...));
}

template <class... Args>
void require(bool holds, Exit code, fmt::format_string<Args...> message, Args&&... args) {
  if (!holds) fail(code, message, std::forward<Args>(args)...);
}

// For conditions that only a defect of Switchyard can violate.
template <class... Args>
void require(bool holds, fmt::format_string<Args...> message, Args&&... args) {
  if (!holds) fail(Exit::internal, message, std::forward<Args>(args)...);
}

}  // namespace switchyard
