// CommittedFolder: a folder that either exists completely or not at all. Datasets, checkpoints and
// exports are all immutable files plus a manifest with their sizes and hashes; the rename of the
// manifest is the commit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/files/hash.h"
#include "io/folder/extent.h"
#include "io/folder/manifest.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// Collective. Each rank has written and fsynced its own files into `folder` and passes their
// entries; rank 0 alone writes the manifest with everyone's. After this returns the folder exists
// for readers. Errors: agreed.
void commit_folder(const std::filesystem::path& folder, const std::string& kind, int version,
                   const std::vector<FileEntry>& mine, const nlohmann::json& meta, Comm& world);

// Commits the folder from one process that knows every file; not collective. Requires: the files
// and the folder are written and fsynced. Errors: Exit::data if the folder is committed already.
void commit_files(const std::filesystem::path& folder, const Manifest& manifest);

// The entries of all ranks, from the text that canonical_text(json_of(files)) made on each.
std::vector<FileEntry> join_files(const std::vector<std::string>& texts);

// Replaces the manifest of the folder, or writes its first one, in one atomic step. Requires: every
// file that the manifest names is written and fsynced. Not collective.
void recommit_folder(const std::filesystem::path& folder, const Manifest& manifest);

// Errors: Exit::data if there is no manifest, it is malformed, of another kind, or newer; if
// a file is missing, has another size, or its bytes outside the extents do not match. Reads no
// extent.
Manifest open_folder(const std::filesystem::path& folder, std::span<const FolderKind> kinds);
Manifest open_folder(const std::filesystem::path& folder, const std::string& kind,
                     int newest_version);
// Reads all of a file of the folder. Errors: Exit::data naming what is wrong.
void check_every_byte(const std::filesystem::path& folder, const FileEntry& file);
// Does the same for a file that was just written. Errors: Exit::storage, because its bytes were
// right in memory.
void read_back(const std::filesystem::path& folder, const FileEntry& file);
// Reads share `part` of `num_parts` of all files of the folder. The shares have equal size up to
// one chunk, and a file that has no byte of the share is not opened. Errors: Exit::data naming what
// is wrong.
void check_share(const std::filesystem::path& folder, const std::vector<FileEntry>& files, int part,
                 int num_parts);
// Copies a file of one folder into another, fsynced, and reads every byte of the copy. Errors:
// Exit::data naming what is wrong, Exit::storage.
void copy_committed_file(const std::filesystem::path& from, const std::filesystem::path& to,
                         const FileEntry& file);
// The text of the folder's manifest, unchecked. Errors: Exit::data if there is none, or one with
// more than max_bytes; by default, with more than the other files of the folder explain.
std::string read_manifest(const std::filesystem::path& folder, const std::string& kind,
                          std::optional<std::int64_t> max_bytes = std::nullopt);

// True if the folder has a manifest: for readers it exists, whether good or damaged.
bool is_committed(const std::filesystem::path& folder);

// Deletes the folder, its manifest first: at no moment is a half-deleted folder one that exists for
// readers.
void remove_folder(const std::filesystem::path& folder);

}  // namespace switchyard
