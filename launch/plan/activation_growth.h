// ActivationGrowth: warns in the log when micro-batches need more memory for activations than was
// allocated at the start.
#pragma once

#include <spdlog/logger.h>

#include <cstdint>

namespace switchyard::plan {

class ActivationGrowth {
 public:
  // load_factor: train.load_factor, which the first allocation was sized for.
  ActivationGrowth(int rank, double load_factor) : rank_(rank), load_factor_(load_factor) {}

  // Call after each step. held: bytes of all arenas.
  void note(std::int64_t step, std::int64_t held, spdlog::logger& log);

 private:
  int rank_;
  double load_factor_;
  std::int64_t held_ = 0;
};

}  // namespace switchyard::plan
