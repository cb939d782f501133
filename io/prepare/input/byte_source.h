// ByteSource: the bytes of a file from front to back, decompressed where it is a .gz or .zst.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

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

  // Why it ended early: unreadable_file or corrupt_archive. Known once read() has returned 0.
  std::optional<Problem> damage() const { return damage_; }

 protected:
  std::optional<Problem> damage_;
};

enum class Compression { none, gzip, zstd };

Compression compression_of(const std::filesystem::path& file);  // by the end of its name

// Reads from byte `begin` on. A file that is missing, not regular or not readable has no bytes, and
// its damage() is unreadable_file.
std::unique_ptr<ByteSource> open_file(const std::filesystem::path& file, std::int64_t begin = 0);

// Any number of gzip members or zstd frames, one after the other; none is corrupt, and so is what
// else follows one. Memory is bounded: a zstd frame may ask for a window of at most 128 MiB.
std::unique_ptr<ByteSource> decompress(std::unique_ptr<ByteSource> compressed, Compression method);

}  // namespace switchyard::prepare
