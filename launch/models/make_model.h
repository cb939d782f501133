// Makes a model of models by a recipe, and makes it again to compare.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "io/transform/engine.h"
#include "launch/models/prediction.h"
#include "launch/models/recipe.h"
#include "runtime/comm/comm.h"

namespace switchyard::models {

using Progress = std::function<void(std::int64_t done, std::int64_t total)>;

enum class MakeInto : std::uint8_t {
  model,         // a model folder
  hugging_face,  // a folder of transformers, all values of one type
  hash,          // nothing: everything is read, computed and hashed
  nothing        // only what it would cost is found out
};

struct MakeOptions {
  MakeInto into = MakeInto::model;
  std::filesystem::path folder;  // not of hash; of nothing: where it would be, or empty
};

struct ModelMade {
  std::int64_t tensors = 0, parameters = 0, bytes = 0;
  std::int64_t hashed = 0;       // bytes of sources without hashes, which were read to get some
  std::int64_t kept = 0;         // tensors that a killed make had finished
  std::int64_t mtp_modules = 0;  // of multi-token prediction that a source has and the model lacks
  int unreached = 0;  // matrices that calibration reached with too few rows (calibrated.h)
  TransformCost cost;
  Prediction prediction;  // of nothing
  std::string digest;  // CheckpointReader::digest() of the result, on rank 0; empty: none was made
};

// Collective. Memory of a rank: at most 200 MB beside names and hashes, whatever the size of the
// models. Errors, agreed: Exit::data for sources that do not fit together or are damaged,
// Exit::usage, Exit::busy and Exit::storage of the folder.
ModelMade make_model(const Recipe& recipe, const MakeOptions& options, Comm& world,
                     const Progress& progress = {});

// Collective. Runs the recipe in the model's lineage again, on the parents that it names, and
// compares the result with the model; writes nothing. Errors, agreed: Exit::data naming the parent
// that is not what it was, or the first tensor that is not the same; Exit::usage for a model that
// no recipe made.
ModelMade rebuild_model(const std::filesystem::path& folder, Comm& world,
                        const Progress& progress = {});

}  // namespace switchyard::models
