#include "io/prepare/account/export.h"

#include <zlib.h>

#include <array>
#include <new>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "io/files/durable.h"
#include "io/prepare/store/zstd_frames.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block_bytes = 4 << 20;
constexpr int zstd_level = 3;

// One whole member; several make a .gz file.
std::string gzip_member(std::string_view raw) {
  constexpr int window_of_gzip = 15 + 16, memory_level = 8;
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_of_gzip, memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string member(deflateBound(&stream, raw.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(raw.data()));
  stream.avail_in = static_cast<uInt>(raw.size());
  stream.next_out = reinterpret_cast<Bytef*>(member.data());
  stream.avail_out = static_cast<uInt>(member.size());
  const int result = deflate(&stream, Z_FINISH);
  member.resize(stream.total_out);
  deflateEnd(&stream);
  require(result == Z_STREAM_END, "zlib failed to compress {} bytes: error {}", raw.size(), result);
  return member;
}

nlohmann::ordered_json json_of(const KeptDocument& document, const Source& source) {
  nlohmann::ordered_json line = {{"id", document.id}, {"text", document.text}};
  if (!document.url.empty()) line["url"] = document.url;
  line["source"] = source.name;
  line["generation"] = source.generation;
  if (document.meta.empty()) return line;
  const auto meta = nlohmann::json::parse(document.meta);
  for (const auto& [key, value] : meta.items()) {
    line[line.contains(key) ? "original_" + key : key] = value;
  }
  return line;
}

nlohmann::ordered_json json_of(const RemovedDocument& document, const Source& source) {
  nlohmann::ordered_json line = {{"id", document.id}, {"stage", name_of(document.reason)}};
  if (!document.detail.empty()) line["reason"] = document.detail;
  if (!document.url.empty()) line["url"] = document.url;
  line["source"] = source.name;
  line["generation"] = source.generation;
  line["content_hash"] = document.hash.hex();
  line["file"] = document.file;
  line["position"] = document.position;
  if (document.keeper != ContentHash()) line["kept_instead"] = document.keeper.hex();
  if (document.reason == RemovalReason::near_duplicate) line["jaccard"] = document.jaccard;
  line["excerpt"] = document.excerpt;
  return line;
}

template <class Shard>
std::string line_of(const Shard& shard, std::int64_t i, const Source& source) {
  try {
    return json_of(shard.document(i), source).dump() + '\n';
  } catch (const nlohmann::json::exception& error) {
    fail(Exit::data, "document {} of {} cannot become JSON: {}", i, shard.name(), error.what());
  }
}

// Compresses a block of lines as the name of the file asks.
std::string (*encoding_of(const fs::path& file))(std::string_view) {
  if (file.extension() == ".gz") return gzip_member;
  if (file.extension() == ".zst") {
    return [](std::string_view raw) { return compress(raw, zstd_level); };
  }
  return [](std::string_view raw) { return std::string(raw); };
}

void require_free(const fs::path& file) {
  std::error_code ignored;
  require(!fs::exists(fs::symlink_status(file, ignored)), Exit::usage,
          "{} exists already: name a file that does not, or - for the standard output",
          file.string());
}

}  // namespace

std::int64_t export_documents(const DocumentStore& store, Exported which, const WriteBytes& write,
                              const ExportProgress& progress) {
  const std::int64_t total = which == Exported::kept ? store.num_kept() : store.num_removed();
  std::int64_t done = 0;
  std::string block;
  const auto flush = [&] {
    if (!block.empty()) write(block);
    block.clear();
    if (progress) progress(done, total);
  };
  const auto add = [&](const auto& shards) {
    for (const auto& shard : shards) {
      for (std::int64_t i = 0; i < shard.size(); ++i, ++done) {
        block += line_of(shard, i, store.source(shard.source(i)));
        if (block.size() >= block_bytes) flush();
      }
      shard.release();
    }
  };
  which == Exported::kept ? add(store.kept) : add(store.removed);
  flush();
  return total;
}

std::int64_t export_to_file(const DocumentStore& store, Exported which, const fs::path& file,
                            const ExportProgress& progress) {
  require_free(file);
  const auto encode = encoding_of(file);
  const fs::path temporary = file.string() + ".tmp";
  std::error_code none;
  if (fs::is_regular_file(temporary, none))
    durable::remove_tree(temporary);  // of an interrupted one
  std::int64_t count = 0;
  {
    durable::NewFile out(temporary);
    count = export_documents(
        store, which, [&](std::string_view lines) { out.append(encode(lines)); }, progress);
    if (count == 0) out.append(encode(""));
    out.commit();
  }
  durable::rename_file(temporary, file);
  durable::sync_folder(file.has_parent_path() ? file.parent_path() : fs::path("."));
  return count;
}

}  // namespace switchyard::prepare
