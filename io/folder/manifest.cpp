#include "io/folder/manifest.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "io/files/hash.h"
#include "io/text/escape.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

using nlohmann::json;

constexpr int deepest_nesting = 64;  // far above any manifest, far below what the stack can bear
constexpr std::int64_t largest_chunk = std::int64_t{64} << 20;  // a check takes so much memory

json parse_json(const std::string& text) {
  const auto guard = [](int depth, json::parse_event_t, json&) {
    require(depth < deepest_nesting, Exit::data, "it nests deeper than {} levels", deepest_nesting);
    return true;
  };
  return json::parse(text, guard);
}

std::int64_t integer(const json& value, const char* what) {
  require(value.is_number_integer(), Exit::data, "{} is not an integer", what);
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const bool fits = !value.is_number_unsigned() || value.get<std::uint64_t>() <= largest;
  require(fits && value.get<std::int64_t>() >= 0, Exit::data, "{} is out of range", what);
  return value.get<std::int64_t>();
}

// Text of strangers for a message.
std::string harmless(const std::string& text) { return terminal_text(shortened(text, 100)); }

ContentHash hash_of(const json& value) {
  const auto text = value.get<std::string>();
  const auto hash = parse_content_hash(text);
  require(hash.has_value(), Exit::data, "'{}' is not a hash of 32 hex digits", harmless(text));
  return *hash;
}

// A name that a message can show as it is.
std::string name_of(const json& value) {
  auto name = value.get<std::string>();
  require(terminal_text(name) == name, Exit::data, "the name '{}' has control characters",
          harmless(name));
  return name;
}

json json_of(const Extent& extent) {
  json hashes = json::array();
  for (const ContentHash& hash : extent.chunk_hashes) hashes.push_back(hash.hex());
  return {{"name", extent.name},     {"dtype", extent.dtype}, {"shape", extent.shape},
          {"offset", extent.offset}, {"bytes", extent.bytes}, {"chunk_bytes", extent.chunk_bytes},
          {"hashes", hashes}};
}

Extent extent_of(const json& value) {
  Extent extent;
  extent.name = name_of(value.at("name"));
  extent.dtype = name_of(value.at("dtype"));
  for (const json& dim : value.at("shape")) extent.shape.push_back(integer(dim, "a dim"));
  extent.offset = integer(value.at("offset"), "an offset");
  extent.bytes = integer(value.at("bytes"), "a dataset's size");
  extent.chunk_bytes = integer(value.at("chunk_bytes"), "a chunk's size");
  for (const json& hash : value.at("hashes")) extent.chunk_hashes.push_back(hash_of(hash));

  const std::int64_t element = element_bytes(extent.dtype);
  require(element > 0, Exit::data, "'{}' has the unknown type '{}'", extent.name, extent.dtype);
  require(extent.bytes == bytes_of_shape(extent.shape, element), Exit::data,
          "'{}' has {} bytes, which its shape does not make", extent.name, extent.bytes);
  require(extent.chunk_bytes > 0 && extent.chunk_bytes <= largest_chunk, Exit::data,
          "'{}' has chunks of {} bytes", extent.name, extent.chunk_bytes);
  require(num_chunks(extent) == std::ssize(extent.chunk_hashes), Exit::data,
          "'{}' has {} chunks and {} hashes", extent.name, num_chunks(extent),
          extent.chunk_hashes.size());
  return extent;
}

// A name that can only mean a file directly inside the folder.
void require_plain_name(const std::string& name) {
  const bool plain = !name.empty() && name != "." && name != ".." && name != manifest_name &&
                     name.find('/') == std::string::npos;
  require(plain, Exit::data, "'{}' is not the name of a file inside the folder", name);
}

FileEntry file_of(const json& value) {
  FileEntry file;
  file.name = name_of(value.at("name"));
  require_plain_name(file.name);
  file.bytes = integer(value.at("bytes"), "a file's size");
  file.rest_hash = hash_of(value.at("rest_hash"));
  for (const json& extent : value.at("datasets")) {
    file.extents.push_back(extent_of(extent));
    const Extent& last = file.extents.back();
    require(last.bytes <= file.bytes && last.offset <= file.bytes - last.bytes, Exit::data,
            "'{}' lies outside the {} bytes of {}", last.name, file.bytes, file.name);
  }
  return file;
}

// The whole check of a parsed document; json's own exceptions pass through.
Manifest manifest_of(json document, std::span<const FolderKind> kinds) {
  Manifest manifest;
  manifest.kind = document.at("kind").get<std::string>();
  const auto kind = std::ranges::find(kinds, manifest.kind, &FolderKind::name);
  require(kind != kinds.end(), Exit::data, "it describes a {}, not a {}", harmless(manifest.kind),
          kinds.front().name);
  const std::int64_t version = integer(document.at("version"), "the version");
  require(version <= kind->newest_version, Exit::data,
          "it has format version {} and this program reads up to {}; use a newer Switchyard",
          version, kind->newest_version);
  manifest.version = static_cast<int>(version);

  const ContentHash hash = hash_of(document.at("hash"));
  document.erase("hash");
  const std::string text = canonical_text(document);
  require(hash == content_hash(text), Exit::data, "its text does not match its own hash");

  manifest.files = files_of(document.at("files"));
  for (const char* key : {"kind", "version", "tool", "files"}) document.erase(key);
  manifest.meta = std::move(document);
  return manifest;
}

}  // namespace

std::string canonical_text(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

json json_of(const std::vector<FileEntry>& files) {
  json list = json::array();
  for (const FileEntry& file : files) {
    json datasets = json::array();
    for (const Extent& extent : file.extents) datasets.push_back(json_of(extent));
    list.push_back({{"name", file.name},
                    {"bytes", file.bytes},
                    {"rest_hash", file.rest_hash.hex()},
                    {"datasets", std::move(datasets)}});
  }
  return list;
}

std::vector<FileEntry> files_of(const json& list) {
  require(list.is_array(), Exit::data, "its files are not a list");
  std::vector<FileEntry> files;
  std::set<std::string> names;
  for (const json& value : list) {
    files.push_back(file_of(value));
    require(names.insert(files.back().name).second, Exit::data, "it names {} twice",
            files.back().name);
  }
  return files;
}

std::string manifest_text(const Manifest& manifest) {
  json document = manifest.meta.is_null() ? json::object() : manifest.meta;
  for (const char* key : {"kind", "version", "tool", "files", "hash"}) {
    require(!document.contains(key), "'{}' is a key of the manifest itself", key);
  }
  document["kind"] = manifest.kind;
  document["version"] = manifest.version;
  document["tool"] = "switchyard " SWITCHYARD_VERSION;
  document["files"] = json_of(manifest.files);
  const std::string text = canonical_text(document);
  document["hash"] = content_hash(text).hex();
  return document.dump(1, ' ', false, json::error_handler_t::replace) + '\n';
}

Manifest parse_manifest(const std::string& text, std::span<const FolderKind> kinds) {
  try {
    return manifest_of(parse_json(text), kinds);
  } catch (const json::exception& error) {
    fail(Exit::data, "it is malformed: {}", error.what());
  }
}

Manifest parse_manifest(const std::string& text, const std::string& kind, int newest_version) {
  const FolderKind one[] = {{kind, newest_version}};
  return parse_manifest(text, one);
}

}  // namespace switchyard
