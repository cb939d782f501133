// ChunkReader: fast random access to one dataset that is spread over several files of a committed
// folder. It reads around HDF5 and its global lock: by pread, or through a mapping.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/files/hash.h"
#include "io/files/file.h"
#include "io/files/mapped_file.h"
#include "io/folder/extent.h"

namespace switchyard {

enum class Access : bool { pread, mmap };  // mmap: see MappedFile for what it risks

// What the manifest says about one dataset of one file, in 16 bytes for each chunk.
struct ChunkedExtent {
  ChunkedExtent(const std::filesystem::path& folder, const FileEntry& entry, const Extent& extent);

  std::filesystem::path file;
  std::string name;
  std::int64_t offset, bytes, chunk_bytes;
  std::vector<ContentHash> hashes;
};

// Checks a chunk against its hash when it is first touched. Files are opened when they are first
// needed, and at most `max_open_files` are open at a time. Not for two threads at once.
class ChunkReader {
 public:
  // Called with every chunk that matched its hash, before any byte of it is given out.
  using Inspect = std::function<void(const ChunkedExtent& extent, std::int64_t chunk,
                                     std::span<const std::byte> bytes)>;

  // The extents stay the caller's.
  ChunkReader(std::span<const ChunkedExtent> extents, Access access, Inspect inspect = {});

  // Bytes [begin, begin + count) of an extent, which must lie within it; valid until the next call.
  // Allocates nothing once as many have been read before and the extent's file is open. Errors:
  // Exit::data naming file and chunk if one does not match its hash or the file is cut short.
  std::span<const std::byte> view(std::int64_t extent, std::int64_t begin, std::int64_t count);

  // The file a call of view() is reading from at this moment, or nullptr. From any thread.
  const std::filesystem::path* reading() const { return reading_.load(); }

  static constexpr std::size_t max_open_files = 256;

 private:
  struct Source {
    std::optional<durable::File> file;
    std::optional<MappedFile> mapping;
    std::vector<bool> checked;  // by chunk
  };

  void open(std::int64_t extent);
  void check(std::int64_t extent, std::int64_t chunk);
  std::span<const std::byte> fetch(std::int64_t extent, std::int64_t begin, std::int64_t count);

  std::span<const ChunkedExtent> extents_;
  Access access_;
  Inspect inspect_;
  std::vector<Source> sources_;    // one for each extent
  std::deque<std::int64_t> open_;  // longest ago first
  std::vector<std::byte> scratch_;
  std::atomic<const std::filesystem::path*> reading_{nullptr};
};

}  // namespace switchyard
