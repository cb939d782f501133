// Makes a model of models by a recipe, and makes it again to compare.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "io/transform/engine.h"
#include "launch/models/recipe.h"
#include "runtime/comm/comm.h"

namespace switchyard::models {

using Progress = std::function<void(std::int64_t done, std::int64_t total)>;

struct ModelMade {
  std::int64_t tensors = 0, parameters = 0, bytes = 0;
  int unreached = 0;  // matrices that calibration reached with too few rows (calibrated.h)
  TransformCost cost;
  std::string digest;  // CheckpointReader::digest() of the result; empty if nothing was made
};

// Collective. Writes the model folder, or with an empty `folder` only says what that would cost.
// Memory of a rank: 8 MiB for each input, whatever the size of the models. Errors, agreed:
// Exit::data for sources that do not fit together or are damaged, Exit::usage, Exit::busy and
// Exit::storage of the folder.
ModelMade make_model(const Recipe& recipe, const std::filesystem::path& folder, Comm& world,
                     const Progress& progress = {});

// Collective. Runs the recipe in the model's lineage again, on the parents that it names, and
// compares the result with the model; writes nothing. Errors, agreed: Exit::data naming the parent
// that is not what it was, or the first tensor that is not the same; Exit::usage for a model that
// no recipe made.
ModelMade rebuild_model(const std::filesystem::path& folder, Comm& world,
                        const Progress& progress = {});

}  // namespace switchyard::models
