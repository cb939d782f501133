#include "io/committed_folder.h"

#include <system_error>

#include "io/durable.h"
#include "runtime/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t largest_manifest = std::int64_t{1} << 30;

// From one text per rank.
std::vector<FileEntry> join_files(const std::vector<std::string>& texts) {
  nlohmann::json all = nlohmann::json::array();
  for (const std::string& text : texts) {
    for (auto& file : nlohmann::json::parse(text)) all.push_back(std::move(file));
  }
  return files_of(all);
}

void check_file(const fs::path& folder, const FileEntry& entry) {
  const fs::path path = folder / entry.name;
  std::error_code error;
  require(fs::symlink_status(path, error).type() == fs::file_type::regular, Exit::data,
          "{} is missing or not a regular file", path.string());
  const durable::File file = durable::File::open_for_reading(path);
  require(file.size() == entry.bytes, Exit::data, "{} has {} bytes and should have {}",
          path.string(), file.size(), entry.bytes);
  const std::string hash = hash_rest(entry, [&](std::int64_t offset, std::span<std::byte> out) {
    require(file.read_at(offset, out) == std::ssize(out), Exit::data, "{} is truncated",
            path.string());
  });
  require(hash == entry.rest_hash, Exit::data,
          "{} is damaged: its bytes outside the datasets do not match their hash", path.string());
}

}  // namespace

void commit_folder(const fs::path& folder, const std::string& kind, int version,
                   const std::vector<FileEntry>& mine, const nlohmann::json& meta, Comm& world) {
  agree(world, [&] { durable::sync_folder(folder); });
  const auto texts = all_gather_text(world, canonical_text(json_of(mine)));
  on_root(world, [&] {
    require(!is_committed(folder), Exit::data, "{} exists already", folder.string());
    const Manifest manifest{kind, version, join_files(texts), meta};
    durable::replace_file(folder / manifest_name, manifest_text(manifest));
  });
}

void recommit_folder(const fs::path& folder, const Manifest& manifest) {
  durable::sync_folder(folder);
  durable::replace_file(folder / manifest_name, manifest_text(manifest));
}

Manifest open_folder(const fs::path& folder, const std::string& kind, int newest_version) {
  const fs::path path = folder / manifest_name;
  require(is_committed(folder), Exit::data, "{} is not a {}: it has no {}", folder.string(), kind,
          manifest_name);
  const std::string text = durable::read_file(path, largest_manifest);
  try {
    Manifest manifest = parse_manifest(text, kind, newest_version);
    for (const FileEntry& file : manifest.files) check_file(folder, file);
    return manifest;
  } catch (const Error& error) {
    fail(error.code(), "cannot use {}: {}", path.string(), error.what());
  }
}

bool is_committed(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / manifest_name, ignored);
}

void remove_folder(const fs::path& folder) {
  if (is_committed(folder)) {
    durable::remove_tree(folder / manifest_name);
    durable::sync_folder(folder);
  }
  durable::remove_tree(folder);
}

}  // namespace switchyard
