// Retention: which checkpoints of a run stay.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace switchyard {

struct RetentionPolicy {
  int keep = 3;                 // newest good ones; at least 2
  std::int64_t keep_every = 0;  // and those of every K-th step; 0: none
  int keep_best = 0;            // and those of the lowest validation losses
};

// Of one process at a time (rank 0). Every checkpoint is read at most once.
class Retention {
 public:
  // Errors: Exit::usage for fewer than 2 to keep.
  Retention(std::filesystem::path run_directory, RetentionPolicy policy);

  // The checkpoint's bytes have been read back and were right.
  void note_good(const std::filesystem::path& folder);

  // Deletes what the policy does not keep, once the newest `keep` have been verified: older
  // checkpoints, and what is older than the newest good one and is no checkpoint (unfinished, or
  // superseded: io/checkpoint/run_line.h). A damaged one does not count, and stays while it is
  // newer than what is kept. Returns what was deleted.
  std::vector<std::filesystem::path> apply();

 private:
  bool is_good(const std::filesystem::path& folder);
  double validation_loss(const std::filesystem::path& folder);

  std::filesystem::path run_directory_;
  RetentionPolicy policy_;
  std::map<std::string, bool> good_;      // by folder name, of those that were read
  std::map<std::string, double> losses_;  // by folder name; infinity: was not evaluated
};

}  // namespace switchyard
