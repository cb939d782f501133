#include "io/folder/chunk_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::int64_t window_bytes = 16 << 10;

// Says which file is being read until the call returns or throws.
class Mark {
 public:
  Mark(std::atomic<const std::filesystem::path*>& reading, const std::filesystem::path& file)
      : reading_(reading) {
    reading_.store(&file, std::memory_order_relaxed);
  }
  ~Mark() { reading_.store(nullptr, std::memory_order_relaxed); }
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;

 private:
  std::atomic<const std::filesystem::path*>& reading_;
};

void require_within(const Extent& extent, std::int64_t begin, std::int64_t count) {
  require(begin >= 0 && count >= 0 && count <= extent.bytes && begin <= extent.bytes - count,
          "{} bytes from byte {} on of '{}', which has {}", count, begin, extent.name,
          extent.bytes);
}

}  // namespace

ChunkReader::ChunkReader(std::span<const FileExtent> extents, Access access, Inspect inspect)
    : extents_(extents), access_(access), inspect_(std::move(inspect)), states_(extents.size()) {
  for (std::size_t i = 0; i < extents.size(); ++i) {
    const Extent& extent = extents[i].extent;
    require(extent.chunk_bytes > 0 && num_chunks(extent) == std::ssize(extent.chunk_hashes),
            Exit::data, "'{}' of {} has {} hashes for its chunks of {} bytes", extent.name,
            extents[i].file.string(), extent.chunk_hashes.size(), extent.chunk_bytes);
    if (i == 0 || extents[i].file != extents[i - 1].file) sources_.emplace_back();
    states_[i].source = sources_.size() - 1;
    states_[i].checked.resize(extent.chunk_hashes.size());
    std::int64_t& end = sources_.back().mapped_bytes;
    end = std::max(end, extent.offset + extent.bytes);
  }
}

void ChunkReader::open(std::int64_t extent) {
  const std::size_t number = states_[static_cast<std::size_t>(extent)].source;
  Source& source = sources_[number];
  if (source.file || source.mapping) return;
  const std::filesystem::path& path = extents_[static_cast<std::size_t>(extent)].file;
  if (access_ == Access::mmap) {
    source.mapping.emplace(path, source.mapped_bytes);
    return;
  }
  if (open_.size() == max_open_files) {
    sources_[open_.front()].file.reset();
    open_.pop_front();
  }
  source.file.emplace(durable::File::open_for_reading(path));
  open_.push_back(number);
}

// Through the mapping, or else by way of `buffer`, which has `count` bytes.
std::span<const std::byte> ChunkReader::fetch(std::int64_t extent, std::int64_t begin,
                                              std::int64_t count, std::span<std::byte> buffer) {
  const auto& [path, from] = extents_[static_cast<std::size_t>(extent)];
  const Source& source = sources_[states_[static_cast<std::size_t>(extent)].source];
  if (source.mapping) {
    return source.mapping->bytes().subspan(static_cast<std::size_t>(from.offset + begin),
                                           static_cast<std::size_t>(count));
  }
  require(source.file->read_at(from.offset + begin, buffer) == count, Exit::data,
          "{} is truncated: chunk {} of '{}' reaches to byte {}", path.c_str(),
          (begin + count - 1) / from.chunk_bytes, from.name, from.offset + begin + count);
  return buffer;
}

void ChunkReader::copy(std::int64_t extent, std::int64_t begin, std::span<std::byte> out) {
  const auto bytes = fetch(extent, begin, std::ssize(out), out);
  if (bytes.data() != out.data()) std::memcpy(out.data(), bytes.data(), out.size());
}

// The same as fetch() above, with a buffer that grows to what is needed.
std::span<const std::byte> ChunkReader::fetch(std::int64_t extent, std::int64_t begin,
                                              std::int64_t count, std::vector<std::byte>& buffer) {
  if (access_ == Access::pread && std::ssize(buffer) < count) {
    buffer.resize(static_cast<std::size_t>(count));
  }
  const auto size = std::min(buffer.size(), static_cast<std::size_t>(count));
  return fetch(extent, begin, count, std::span(buffer).first(size));
}

// Checks the chunks of bytes [begin, end) that are not checked yet.
void ChunkReader::check(std::int64_t extent, std::int64_t begin, std::int64_t end,
                        std::vector<std::byte>& buffer) {
  const FileExtent& from = extents_[static_cast<std::size_t>(extent)];
  std::vector<bool>& checked = states_[static_cast<std::size_t>(extent)].checked;
  const std::int64_t chunk_bytes = from.extent.chunk_bytes;
  for (std::int64_t chunk = begin / chunk_bytes; chunk * chunk_bytes < end; ++chunk) {
    if (checked[static_cast<std::size_t>(chunk)]) continue;
    const auto bytes =
        fetch(extent, chunk * chunk_bytes, bytes_of_chunk(from.extent, chunk), buffer);
    check_chunk(from.file, from.extent, chunk, bytes);
    if (inspect_) inspect_(from, chunk, bytes);
    checked[static_cast<std::size_t>(chunk)] = true;
  }
}

std::span<const std::byte> ChunkReader::view(std::int64_t extent, std::int64_t begin,
                                             std::int64_t count) {
  const FileExtent& from = extents_[static_cast<std::size_t>(extent)];
  require_within(from.extent, begin, count);
  if (count == 0) return {};
  const Mark mark(reading_, from.file);
  open(extent);
  check(extent, begin, begin + count, scratch_);
  return fetch(extent, begin, count, scratch_);
}

void ChunkReader::read(std::int64_t extent, std::int64_t begin, std::span<std::byte> out) {
  const auto& [path, from] = extents_[static_cast<std::size_t>(extent)];
  ExtentState& state = states_[static_cast<std::size_t>(extent)];
  const std::int64_t size = std::ssize(out);
  require_within(from, begin, size);
  if (out.empty()) return;
  std::vector<std::byte>& window = state.window;
  const bool in_window =
      begin >= state.window_begin && begin + size <= state.window_begin + std::ssize(window);
  if (!in_window) {
    const Mark mark(reading_, path);
    open(extent);
    std::vector<std::byte> chunk;
    check(extent, begin, begin + size, chunk);
    if (size >= window_bytes) return copy(extent, begin, out);
    const std::int64_t checked_end = ((begin + size - 1) / from.chunk_bytes + 1) * from.chunk_bytes;
    const std::int64_t end = std::min({begin + window_bytes, checked_end, from.bytes});
    std::vector<std::byte> next = std::exchange(window, {});  // empty if the copy fails
    next.resize(static_cast<std::size_t>(end - begin));
    copy(extent, begin, next);
    window = std::move(next);
    state.window_begin = begin;
  }
  std::memcpy(out.data(), window.data() + (begin - state.window_begin), out.size());
}

void ChunkReader::release() {
  for (Source& source : sources_) {
    source.file.reset();
    source.mapping.reset();
  }
  for (ExtentState& state : states_) state.window = {};
  open_.clear();
  scratch_ = {};
}

}  // namespace switchyard
