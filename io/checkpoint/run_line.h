// RunLine: which checkpoints of a run count. Two starts may each write into a run directory (one
// was stopped, and overtaken): what the overtaken one wrote beyond the checkpoint that the later
// one went on from belongs to a history that nobody follows.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "io/checkpoint/checkpoint_format.h"

namespace switchyard {

class RunLine {
 public:
  // Reads run_directory/attempts (docs/checkpoints.md). A record that cannot be read is of a start
  // that died before it wrote anything.
  explicit RunLine(const std::filesystem::path& run_directory);

  // The attempt that went on from an older checkpoint than this one, of an earlier attempt.
  // Nothing: the checkpoint counts.
  std::optional<int> superseded_by(CheckpointId checkpoint) const;

 private:
  struct Resumption {
    int attempt = 0;
    CheckpointId from;
  };
  std::vector<Resumption> resumptions_;
};

}  // namespace switchyard
