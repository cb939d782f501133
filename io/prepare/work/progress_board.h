// ProgressBoard: how far every rank is, in a small file that rank 0 reads: no rank has to stop for
// it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "io/files/file.h"

namespace switchyard::prepare {

class ProgressBoard {
 public:
  ProgressBoard(const std::filesystem::path& file, int rank, int num_ranks);

  void begin_stage();                 // collective in effect: every rank begins the same stages
  bool advance(std::int64_t amount);  // true if it is time to write: ten times a second at most
  void finish_stage();                // also after an error, or rank 0 would wait

  std::int64_t total() const;  // over the ranks that are in this stage
  bool others_finished() const;

 private:
  struct Slot {
    std::int64_t stage = 0, done = 0, finished = 0;
  };
  void publish();
  std::vector<Slot> read() const;

  durable::File file_;
  int rank_, num_ranks_;
  Slot mine_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace switchyard::prepare
