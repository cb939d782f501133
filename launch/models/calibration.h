// Calibration: the rows of a dataset that a method looks at before it changes a model.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "io/loader/loader.h"
#include "launch/config/config.h"
#include "launch/models/recipe.h"
#include "runtime/comm/comm.h"

namespace switchyard::models {

class Calibration {
 public:
  // Collective. The first rows that a training with the recipe's seed would take of the dataset's
  // split "train", rounded up to whole micro-batches, which are the same on any number of ranks.
  // config: of the model. Errors: agreed; Exit::data for a dataset with another tokenizer or
  // without text.
  Calibration(const Recipe& recipe, const CheckpointReader& model, const Config& config,
              Comm& world);

  // Those of this rank, as many on every rank, some empty.
  std::span<const Batch> batches() const { return batches_; }
  // Of all ranks.
  std::int64_t total_rows() const { return total_rows_; }
  std::int64_t num_batches() const { return num_batches_; }

 private:
  void load(const TokenStore& store, const Recipe& recipe, const Config& config, const Comm& world);

  std::optional<Loader> loader_;
  std::vector<Batch> batches_;
  std::int64_t total_rows_ = 0, num_batches_ = 0;
};

}  // namespace switchyard::models
