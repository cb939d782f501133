// Results in packages: taken from a folder of results, and asked before a version is promoted.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/snapshot.h"
#include "io/registry/registry.h"

namespace switchyard {

// The files of a folder of results (docs/evaluate.md), for a package of this model. facts: takes
// what the card says of them. Errors: Exit::data if the folder is damaged, or its results are of
// another model.
std::vector<NamedFile> results_files(const std::filesystem::path& folder,
                                     const CheckpointReader& model, nlohmann::ordered_json& facts);

// What the gates of a version say.
struct Promotion {
  std::vector<std::string> gates;  // a line for each
  std::string refusal;             // in words; empty: the version may become the current one
};
// Errors: Exit::data if there is no such version, or its results are damaged.
Promotion judge_version(const Registry& registry, int version);

}  // namespace switchyard
