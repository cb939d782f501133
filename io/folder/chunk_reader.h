// ChunkReader: random access to datasets of the files of a committed folder. It reads around HDF5
// and its global lock: by pread, or through a mapping.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "io/files/file.h"
#include "io/files/mapped_file.h"
#include "io/folder/extent.h"

namespace switchyard {

enum class Access : bool { pread, mmap };  // mmap: see MappedFile for what it risks

struct FileExtent {
  std::filesystem::path file;
  Extent extent;
};

// Checks a chunk against its hash when it is first touched. Opens a file when it is first needed,
// and keeps at most `max_open_files` open. Not for two threads at once. Errors of view(), read()
// and value(): Exit::data naming file and chunk if a chunk does not match its hash or the file is
// cut short; Exit::internal for bytes outside the extent.
class ChunkReader {
 public:
  // Called with every chunk that matched its hash, before any byte of it is given out.
  using Inspect = std::function<void(const FileExtent& extent, std::int64_t chunk,
                                     std::span<const std::byte> bytes)>;

  // The extents stay the caller's; those of one file are neighbours. Errors: Exit::data if an
  // extent does not have one hash for each of its chunks.
  explicit ChunkReader(std::span<const FileExtent> extents, Access access = Access::pread,
                       Inspect inspect = {});

  // Bytes [begin, begin + count) of an extent; valid until the next call. Allocates nothing once
  // as many have been read before and the extent's file is open.
  std::span<const std::byte> view(std::int64_t extent, std::int64_t begin, std::int64_t count);

  // Copies bytes [begin, begin + out.size()) of an extent. Keeps some KiB of each extent that it
  // read last, for small neighbours; a check takes the memory of one chunk while it lasts.
  void read(std::int64_t extent, std::int64_t begin, std::span<std::byte> out);

  // Value i of an extent's rows one after the other, by read().
  template <class T>
  T value(std::int64_t extent, std::int64_t i) {
    T value;
    read(extent, i * static_cast<std::int64_t>(sizeof(T)),
         std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }

  // Gives back memory and open files; the next call takes them again. A checked chunk stays
  // checked.
  void release();

  // The file that a call is reading at this moment, or nullptr. From any thread.
  const std::filesystem::path* reading() const { return reading_.load(); }

  static constexpr std::size_t max_open_files = 256;

 private:
  struct Source {
    std::int64_t mapped_bytes = 0;  // where the last of its extents ends
    std::optional<durable::File> file;
    std::optional<MappedFile> mapping;
  };
  struct ExtentState {
    std::size_t source = 0;
    std::vector<bool> checked;  // by chunk
    std::vector<std::byte> window;
    std::int64_t window_begin = 0;
  };

  void open(std::int64_t extent);
  void check(std::int64_t extent, std::int64_t begin, std::int64_t end,
             std::vector<std::byte>& buffer);
  std::span<const std::byte> fetch(std::int64_t extent, std::int64_t begin, std::int64_t count,
                                   std::span<std::byte> buffer);
  std::span<const std::byte> fetch(std::int64_t extent, std::int64_t begin, std::int64_t count,
                                   std::vector<std::byte>& buffer);
  void copy(std::int64_t extent, std::int64_t begin, std::span<std::byte> out);

  std::span<const FileExtent> extents_;
  Access access_;
  Inspect inspect_;
  std::vector<Source> sources_;      // one for each file
  std::vector<ExtentState> states_;  // one for each extent
  std::deque<std::size_t> open_;     // sources with an open file, longest ago first
  std::vector<std::byte> scratch_;
  std::atomic<const std::filesystem::path*> reading_{nullptr};
};

}  // namespace switchyard
