// Retention: decides which checkpoints of a run stay, and deletes the others.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace switchyard {

struct RetentionPolicy {
  int keep = 3;                 // this many of the newest good ones; at least 2
  std::int64_t keep_every = 0;  // and those of every K-th step; 0: none
  int keep_best = 0;            // and this many with the lowest validation losses
};

// Only one process at a time may use it (rank 0). It reads every checkpoint at most once.
class Retention {
 public:
  // Errors: Exit::usage for fewer than 2 to keep.
  Retention(std::filesystem::path run_directory, RetentionPolicy policy);

  // The checkpoint's bytes have been read back and were right.
  void note_good(const std::filesystem::path& folder);

  // Verifies the newest `keep` checkpoints, then deletes the older ones that the policy does not
  // keep, and whatever is older than the newest good one and does not count (unfinished, or
  // superseded: io/checkpoint/run_line.h). A damaged checkpoint does not count, and stays while it
  // is newer than those that are kept. Returns the deleted folders.
  std::vector<std::filesystem::path> apply();
  // What apply() would delete.
  std::vector<std::filesystem::path> surplus();

 private:
  bool is_good(const std::filesystem::path& folder);
  double validation_loss(const std::filesystem::path& folder);

  std::filesystem::path run_directory_;
  RetentionPolicy policy_;
  std::map<std::string, bool> good_;      // by folder name; only checkpoints that were read
  std::map<std::string, double> losses_;  // by folder name; infinity: never evaluated
};

}  // namespace switchyard
