// UnlessFull: writes files that only describe a run, which must not end it when the disk is full.
#pragma once

#include <spdlog/logger.h>

#include <utility>

#include "runtime/error.h"

namespace switchyard {

class UnlessFull {
 public:
  explicit UnlessFull(spdlog::logger& log) : log_(log) {}

  // Calls write(). The first Exit::storage becomes a warning in the log, and later ones are
  // ignored; other errors are passed on.
  template <class Write>
  void operator()(Write write) {
    try {
      write();
    } catch (const Error& error) {
      if (error.code() != Exit::storage) throw;
      if (!std::exchange(warned_, true)) log_.warn("{}", error.what());
    }
  }

 private:
  spdlog::logger& log_;
  bool warned_ = false;
};

}  // namespace switchyard
