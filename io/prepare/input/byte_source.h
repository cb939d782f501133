// ByteSource: the bytes of a file from front to back, decompressed where it is a .gz or .zst.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "io/prepare/input/file_kind.h"
#include "io/prepare/input/problems.h"

namespace switchyard::prepare {

class ByteSource {
 public:
  ByteSource() = default;
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Puts bytes at the front of `out`, which is not empty, and says how many. 0: there are no more.
  virtual std::size_t read(std::span<char> out) = 0;

  // Why it ended early: unreadable_file, corrupt_archive or large_window. Known once read() has
  // returned 0.
  std::optional<Problem> damage() const { return damage_; }
  // Whether it passed over bytes behind the last gzip member that are no member, as gzip does.
  bool has_garbage() const { return has_garbage_; }

 protected:
  std::optional<Problem> damage_;
  bool has_garbage_ = false;
};

// Reads from byte `begin` on. A file that is missing, not regular or not readable has no bytes, and
// its damage() is unreadable_file.
std::unique_ptr<ByteSource> open_file(const std::filesystem::path& file, std::int64_t begin = 0);

// What `gzip -d` and `zstd -d --long=31` read: any number of gzip members or zstd frames, one after
// the other; none is corrupt. What else follows a zstd frame is corrupt, what follows a gzip member
// is passed over. A zstd frame takes the memory of its window as far as the window is filled.
inline constexpr int largest_window_log = 31;
std::unique_ptr<ByteSource> decompress(std::unique_ptr<ByteSource> compressed, Compression method);

// A source whose first bytes can be looked at before they are read.
class PeekedSource final : public ByteSource {
 public:
  PeekedSource(std::unique_ptr<ByteSource> source, std::size_t head_bytes);

  std::string_view head() const { return head_; }  // fewer bytes only if there are no more
  std::size_t read(std::span<char> out) override;

 private:
  std::unique_ptr<ByteSource> source_;
  std::string head_;
  std::size_t next_ = 0;  // of the head's bytes
};

}  // namespace switchyard::prepare
