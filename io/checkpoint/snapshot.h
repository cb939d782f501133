// Snapshot: the state of a run after a step, as one rank hands it to a save.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint.h"

namespace switchyard {

// A small file that a checkpoint holds beside its tensors.
struct NamedFile {
  std::string name;
  std::string bytes;
};

struct Snapshot {
  std::int64_t step = 0;           // steps done
  std::vector<NamedTensor> mine;   // exactly one rank owns each name of the model
  nlohmann::json meta;             // rank 0's goes into the manifest
  std::vector<NamedFile> files{};  // the same on all ranks
  std::vector<Buffer> gathered{};  // memory of tensors that the run does not keep
};

// The checkpoint's own keys of the manifest (docs/file-formats.md).
inline nlohmann::json manifest_keys(const Snapshot& snapshot, int attempt, int num_ranks) {
  return {{"step", snapshot.step},
          {"attempt", attempt},
          {"num_ranks", num_ranks},
          {"meta", snapshot.meta}};
}

}  // namespace switchyard
