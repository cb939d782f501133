#include "io/folder/committed_folder.h"

#include <algorithm>
#include <optional>
#include <system_error>

#include "io/files/durable.h"
#include "io/text/byte_size.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

// Reading a manifest takes 15 times its size in memory, so it may not be larger than what it
// describes can explain: the hashes of chunks of a mebibyte and the names of tensors of some KiB.
// A node's disk holds only a part of what a local manifest describes.
constexpr std::int64_t small_manifest = std::int64_t{16} << 20;
constexpr std::int64_t bytes_per_byte_of_manifest = 64;

std::int64_t largest_manifest(const fs::path& folder) {
  std::int64_t bytes = 0;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code unknown;
    const std::uintmax_t size = entry->is_regular_file(unknown) ? entry->file_size(unknown) : 0;
    if (!unknown && entry->path().filename() != manifest_name)
      bytes += static_cast<std::int64_t>(size);
  }
  return small_manifest + bytes / bytes_per_byte_of_manifest;
}

constexpr std::int64_t bytes_copied_at_once = std::int64_t{1} << 22;

// Checks the file's size and all its bytes outside the extents.
durable::File open_checked(const fs::path& folder, const FileEntry& entry) {
  const fs::path path = folder / entry.name;
  std::error_code error;
  require(fs::symlink_status(path, error).type() == fs::file_type::regular, Exit::data,
          "{} is missing or not a regular file", path.string());
  durable::File file = durable::File::open_for_reading(path);
  require(file.size() == entry.bytes, Exit::data, "{} has {} bytes and should have {}",
          path.string(), file.size(), entry.bytes);
  const ContentHash hash = hash_rest(entry, [&](std::int64_t offset, std::span<std::byte> out) {
    require(file.read_at(offset, out) == std::ssize(out), Exit::data, "{} is truncated",
            path.string());
  });
  require(hash == entry.rest_hash, Exit::data,
          "{} is damaged: its bytes outside the datasets do not match their hash", path.string());
  return file;
}

// Reads and checks a chunk. Call it for the chunks in file order.
void read_next_chunk(const durable::File& file, const FileEntry& entry, const Extent& extent,
                     std::int64_t chunk, std::vector<std::byte>& buffer) {
  buffer.resize(static_cast<std::size_t>(bytes_of_chunk(extent, chunk)));
  const std::int64_t begin = extent.offset + chunk * extent.chunk_bytes;
  read_ahead(file, begin, begin + std::ssize(buffer), entry.bytes);
  read_chunk(file, extent, chunk, buffer);
}

}  // namespace

std::vector<FileEntry> join_files(const std::vector<std::string>& texts) {
  nlohmann::json all = nlohmann::json::array();
  for (const std::string& text : texts) {
    for (auto& file : nlohmann::json::parse(text)) all.push_back(std::move(file));
  }
  return files_of(all);
}

void commit_folder(const fs::path& folder, const std::string& kind, int version,
                   const std::vector<FileEntry>& mine, const nlohmann::json& meta, Comm& world) {
  agree(world, [&] { durable::sync_folder(folder); });
  const auto texts = gather_text(world, canonical_text(json_of(mine)));
  on_root(world, [&] { commit_files(folder, {kind, version, join_files(texts), meta}); });
}

void commit_files(const fs::path& folder, const Manifest& manifest) {
  require(!is_committed(folder), Exit::data, "{} exists already", folder.string());
  durable::replace_file(folder / manifest_name, manifest_text(manifest));
}

void recommit_folder(const fs::path& folder, const Manifest& manifest) {
  durable::sync_folder(folder);
  durable::replace_file(folder / manifest_name, manifest_text(manifest));
}

Manifest open_folder(const fs::path& folder, const std::string& kind, int newest_version) {
  const FolderKind one[] = {{kind, newest_version}};
  return open_folder(folder, one);
}

Manifest open_folder(const fs::path& folder, std::span<const FolderKind> kinds) {
  const std::string text = read_manifest(folder, kinds.front().name);
  try {
    Manifest manifest = parse_manifest(text, kinds);
    for (const FileEntry& file : manifest.files) open_checked(folder, file);
    return manifest;
  } catch (const Error& error) {
    fail(error.code(), "cannot use {}: {}", (folder / manifest_name).string(), error.what());
  }
}

void check_every_byte(const fs::path& folder, const FileEntry& entry) {
  const durable::File file = open_checked(folder, entry);
  std::vector<std::byte> buffer;
  for (const Extent& extent : entry.extents) {
    for (std::int64_t chunk = 0; chunk < num_chunks(extent); ++chunk) {
      read_next_chunk(file, entry, extent, chunk, buffer);
    }
  }
}

void read_back(const fs::path& folder, const FileEntry& entry) {
  try {
    check_every_byte(folder, entry);
  } catch (const Error& error) {
    if (error.code() != Exit::data) throw;
    fail(Exit::storage, "{}, read back at once: the disk does not keep what is written to it",
         error.what());
  }
}

void check_share(const fs::path& folder, const std::vector<FileEntry>& files, int part,
                 int num_parts) {
  std::int64_t total = 0, before = 0;
  for (const FileEntry& entry : files) {
    for (const Extent& extent : entry.extents) total += extent.bytes;
  }
  std::vector<std::byte> buffer;
  for (const FileEntry& entry : files) {
    std::optional<durable::File> file;
    for (const Extent& extent : entry.extents) {
      for (std::int64_t chunk = 0; chunk < num_chunks(extent); ++chunk) {
        const bool mine = before * num_parts / total == part;
        before += bytes_of_chunk(extent, chunk);
        if (!mine) continue;
        if (!file) file.emplace(open_checked(folder, entry));
        read_next_chunk(*file, entry, extent, chunk, buffer);
      }
    }
  }
}

void copy_committed_file(const fs::path& from, const fs::path& to, const FileEntry& entry) {
  const durable::File source = durable::File::open_for_reading(from / entry.name);
  durable::NewFile copy(to / entry.name);
  std::string buffer;
  for (std::int64_t begin = 0; begin < entry.bytes; begin += std::ssize(buffer)) {
    buffer.resize(static_cast<std::size_t>(std::min(bytes_copied_at_once, entry.bytes - begin)));
    require(source.read_at(begin, std::as_writable_bytes(std::span(buffer))) == std::ssize(buffer),
            Exit::data, "{} is truncated", source.path().string());
    copy.write_at(begin, buffer);
  }
  copy.commit();
  read_back(to, entry);
}

std::string read_manifest(const fs::path& folder, const std::string& kind,
                          std::optional<std::int64_t> max_bytes) {
  require(is_committed(folder), Exit::data, "{} holds no {}: it has no {}", folder.string(), kind,
          manifest_name);
  const fs::path path = folder / manifest_name;
  const std::int64_t limit = max_bytes.value_or(largest_manifest(folder));
  const std::int64_t size = durable::File::open_for_reading(path).size();
  require(size <= limit, Exit::data,
          "{} has {}, and the files beside it explain at most {}: it is not theirs", path.string(),
          bytes_in_words(size), bytes_in_words(limit));
  return durable::read_file(path, limit);
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
