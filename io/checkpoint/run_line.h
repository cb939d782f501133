// RunLine: which checkpoints of a run count. Two starts may write into one run directory, when the
// first was suspended and the second took over. Whatever the first writes beyond the checkpoint
// that the second went on from is superseded: it belongs to a history that the run has left.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "io/checkpoint/checkpoint_format.h"

namespace switchyard {

class RunLine {
 public:
  // Reads run_directory/attempts (docs/checkpoints.md). A record that cannot be read belongs to a
  // start that died before it wrote anything.
  explicit RunLine(const std::filesystem::path& run_directory);

  // Returns the later attempt that went on from an older checkpoint than this one, or nothing: the
  // checkpoint counts.
  std::optional<int> superseded_by(CheckpointId checkpoint) const;

 private:
  struct Resumption {
    int attempt = 0;
    CheckpointId from;
  };
  std::vector<Resumption> resumptions_;
};

}  // namespace switchyard
