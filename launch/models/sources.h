// The models that a recipe reads, opened on all ranks.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/transform/engine.h"
#include "runtime/comm/comm.h"

namespace switchyard::models {

// Whether the ranks first read every byte of what has no hashes.
enum class Hashes : bool { no, yes };

// Collective. `path` is a run (its newest good checkpoint), RUN@STEP, RUN@best, a checkpoint, a
// model folder, or a folder of transformers, whose bytes are checked only with hashes. Errors:
// agreed; Exit::data.
CheckpointReader open_model(const std::filesystem::path& path, Comm& world,
                            Hashes hashes = Hashes::yes);

class Sources {
 public:
  // Collective. Errors: as open_model().
  Sources(const std::vector<std::string>& paths, Comm& world, Hashes hashes = Hashes::yes);
  Sources(const Sources&) = delete;
  Sources& operator=(const Sources&) = delete;

  ModelSources all() const { return all_; }

 private:
  std::vector<CheckpointReader> readers_;
  std::vector<const CheckpointReader*> all_;
};

}  // namespace switchyard::models
