// Packages: model folders that are fit to be handed on. Beside the weights they hold what a reader
// needs to judge them, and the SHA-256 of every file (docs/publish.md).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/snapshot.h"

namespace switchyard {

// What a package holds beside the weights.
struct PackageContent {
  nlohmann::json meta;           // {"config", "tokenizer", "lineage"}, as a model folder's
  std::vector<NamedFile> files;  // each with a name that no other has
};

// Writes the values and gates of the model into `folder`, which must be missing or empty, in one
// file, as they are, and commits it. The bytes are a function of the model's tensors, its step and
// the content alone: neither the ranks that wrote the model nor the time of the day changes one.
// Memory: some MiB. Returns the package_hash(). Errors: Exit::data if a tensor is damaged,
// Exit::storage.
std::string write_package(const CheckpointReader& model, const std::filesystem::path& folder,
                          const PackageContent& content);

}  // namespace switchyard
