// UnlessFull: what only tells of a run must not end it when the disk is full.
#pragma once

#include <spdlog/logger.h>

#include <utility>

#include "runtime/error.h"

namespace switchyard {

class UnlessFull {
 public:
  explicit UnlessFull(spdlog::logger& log) : log_(log) {}

  // Calls write(). The first Exit::storage is a warning in the log, later ones are nothing; other
  // errors go on.
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
