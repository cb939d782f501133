// The tree of models and data that a model was made of, with what has become of each.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace switchyard::models {

enum class Depth : bool {
  manifests,  // compare the hashes that manifests hold
  every_byte  // and read every byte of every model, against those hashes
};

// {path, kind, step, hash, state, problem?, imported?: {folder, family}, made_of: [...], datasets:
// [{folder, hash, state, sources: [{source, licence}]}]}. state: "good"; "changed", if its hash is
// not the one that it had when a child was made of it; "damaged", with the problem in words;
// "gone", if nothing is at its path. A model that was reached twice is read once. Errors:
// Exit::data if `model` cannot be opened.
nlohmann::ordered_json lineage_tree(const std::filesystem::path& model, Depth depth);

// One line for each node, indented below what was made of it.
std::string lineage_text(const nlohmann::ordered_json& tree);

// True if any model of the tree is changed or damaged.
bool tampered(const nlohmann::ordered_json& tree);

}  // namespace switchyard::models
