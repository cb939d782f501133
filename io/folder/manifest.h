// Manifest: what a committed folder says about itself (docs/file-formats.md).
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/folder/extent.h"

namespace switchyard {

inline constexpr const char* manifest_name = "manifest.json";

// manifest.json: {kind, version, tool, files: [...], ...meta, hash}. The keys of `meta` are at the
// top level.
struct Manifest {
  std::string kind;  // "dataset", "checkpoint"
  int version = 0;
  std::vector<FileEntry> files;
  nlohmann::json meta;
};

// Compact JSON with sorted keys: the one text of a document, so that it can be hashed.
std::string canonical_text(const nlohmann::json& document);

nlohmann::json json_of(const std::vector<FileEntry>& files);
// Errors: Exit::data for anything that is not a list of files as json_of writes it: names that
// leave the folder, sizes that do not add up, datasets outside their file.
std::vector<FileEntry> files_of(const nlohmann::json& list);

// The text of manifest.json. Errors: Exit::internal if a key of `meta` is one of the manifest's
// own.
std::string manifest_text(const Manifest& manifest);
// A kind of folder that a reader takes, and the newest version of its format that it knows.
struct FolderKind {
  std::string name;
  int newest_version = 0;
};
// Errors: Exit::data if the text is a manifest of another kind, newer, or damaged.
Manifest parse_manifest(const std::string& text, std::span<const FolderKind> kinds);
Manifest parse_manifest(const std::string& text, const std::string& kind, int newest_version);

}  // namespace switchyard
