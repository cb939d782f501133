// Lineage: what a model was made of (docs/models.md). It is a key of a checkpoint's or a model's
// meta: {"parents": [{path, kind, hash, step}], "datasets": [{folder, hash}]}, and "recipe" if a
// recipe made it.
#pragma once

#include <span>

#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint.h"
#include "io/tokens/token_store.h"

namespace switchyard {

// The lineage of what is made of these models. A parent has its absolute path, its kind
// ("checkpoint", "model" or "hugging_face"), its CheckpointReader::digest(), and its step or null.
// The datasets are those that any of them was trained on, as far as they know, each once.
nlohmann::json lineage_of(std::span<const CheckpointReader* const> parents);

// Adds {"calibration": {folder, hash}}: the dataset by which weights were compressed, which is one
// of the datasets from now on.
void add_calibration(const TokenStore& store, nlohmann::json& lineage);

}  // namespace switchyard
