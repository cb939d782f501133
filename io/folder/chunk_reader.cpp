#include "io/folder/chunk_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "runtime/error.h"

namespace switchyard {
namespace {

ContentHash parse_hash(const std::string& hex) {  // 32 digits: the manifest's parser has seen to it
  ContentHash hash;
  const char* const text = hex.data();
  std::from_chars(text, text + 16, hash.high, 16);
  std::from_chars(text + 16, text + 32, hash.low, 16);
  return hash;
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

ChunkedExtent::ChunkedExtent(const std::filesystem::path& folder, const FileEntry& entry,
                             const Extent& extent)
    : file(folder / entry.name),
      name(extent.name),
      offset(extent.offset),
      bytes(extent.bytes),
      chunk_bytes(extent.chunk_bytes) {
  hashes.reserve(extent.chunk_hashes.size());
  for (const std::string& hash : extent.chunk_hashes) hashes.push_back(parse_hash(hash));
}

ChunkReader::ChunkReader(std::span<const ChunkedExtent> extents, Access access, Inspect inspect)
    : extents_(extents), access_(access), inspect_(std::move(inspect)), sources_(extents.size()) {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    sources_[i].checked.resize(extents[i].hashes.size());
  }
}

void ChunkReader::open(std::int64_t extent) {
  Source& source = sources_[static_cast<std::size_t>(extent)];
  if (source.file || source.mapping) return;
  const ChunkedExtent& wanted = extents_[static_cast<std::size_t>(extent)];
  if (access_ == Access::mmap) {
    source.mapping.emplace(wanted.file, wanted.offset + wanted.bytes);
    return;
  }
  if (open_.size() == max_open_files) {
    sources_[static_cast<std::size_t>(open_.front())].file.reset();
    open_.pop_front();
  }
  source.file.emplace(durable::File::open_for_reading(wanted.file));
  open_.push_back(extent);
}

std::span<const std::byte> ChunkReader::fetch(std::int64_t extent, std::int64_t begin,
                                              std::int64_t count) {
  const ChunkedExtent& from = extents_[static_cast<std::size_t>(extent)];
  const Source& source = sources_[static_cast<std::size_t>(extent)];
  if (source.mapping) {
    return source.mapping->bytes().subspan(static_cast<std::size_t>(from.offset + begin),
                                           static_cast<std::size_t>(count));
  }
  if (std::ssize(scratch_) < count) scratch_.resize(static_cast<std::size_t>(count));
  const std::span out = std::span(scratch_).first(static_cast<std::size_t>(count));
  require(source.file->read_at(from.offset + begin, out) == count, Exit::data,
          "{} is truncated: chunk {} of '{}' reaches to byte {}", from.file.c_str(),
          (begin + count - 1) / from.chunk_bytes, from.name, from.offset + begin + count);
  return out;
}

void ChunkReader::check(std::int64_t extent, std::int64_t chunk) {
  const ChunkedExtent& from = extents_[static_cast<std::size_t>(extent)];
  const std::int64_t begin = chunk * from.chunk_bytes;
  const auto bytes = fetch(extent, begin, std::min(from.chunk_bytes, from.bytes - begin));
  require(content_hash(as_text(bytes)) == from.hashes[static_cast<std::size_t>(chunk)], Exit::data,
          "{} is damaged: chunk {} of '{}' ({} bytes from byte {} on) does not match its hash",
          from.file.c_str(), chunk, from.name, bytes.size(), from.offset + begin);
  if (inspect_) inspect_(from, chunk, bytes);
  sources_[static_cast<std::size_t>(extent)].checked[static_cast<std::size_t>(chunk)] = true;
}

std::span<const std::byte> ChunkReader::view(std::int64_t extent, std::int64_t begin,
                                             std::int64_t count) {
  const ChunkedExtent& from = extents_[static_cast<std::size_t>(extent)];
  require(begin >= 0 && count >= 0 && count <= from.bytes && begin <= from.bytes - count,
          "{} bytes from byte {} on of '{}', which has {}", count, begin, from.name, from.bytes);
  if (count == 0) return {};
  // Cleared whichever way the call ends.
  const struct Mark {
    std::atomic<const std::filesystem::path*>& mark;
    ~Mark() { mark.store(nullptr, std::memory_order_relaxed); }
  } mark{reading_};
  reading_.store(&from.file, std::memory_order_relaxed);
  open(extent);
  const std::vector<bool>& checked = sources_[static_cast<std::size_t>(extent)].checked;
  for (std::int64_t chunk = begin / from.chunk_bytes; chunk * from.chunk_bytes < begin + count;
       ++chunk) {
    if (!checked[static_cast<std::size_t>(chunk)]) check(extent, chunk);
  }
  return fetch(extent, begin, count);
}

}  // namespace switchyard
