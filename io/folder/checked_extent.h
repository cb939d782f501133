// CheckedExtent: random access to one dataset of a file, each chunk checked when it is first
// touched.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/files/file.h"
#include "io/folder/extent.h"

namespace switchyard {

// The file's dataset of this name. Errors: Exit::data if there is none, or it does not have this
// type and `columns` values in each row (1: a plain list).
const Extent& find_extent(const FileEntry& file, std::string_view name, std::string_view dtype,
                          std::int64_t columns = 1);

// Keeps some KiB of what was read last; a check takes the memory of one chunk while it lasts.
// The file stays the caller's, so that one that is not read need not be open. Not for two threads
// at once. Errors: Exit::data naming file and chunk.
class CheckedExtent {
 public:
  explicit CheckedExtent(const Extent& extent);

  std::int64_t bytes() const { return extent_.bytes; }
  std::int64_t rows() const { return extent_.shape.front(); }

  // Bytes [begin, begin + out.size()), which must lie within the extent.
  void read(const durable::File& file, std::int64_t begin, std::span<std::byte> out);

  // Value i of the rows one after the other.
  template <class T>
  T at(const durable::File& file, std::int64_t i) {
    T value;
    read(file, i * static_cast<std::int64_t>(sizeof(T)),
         std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }

  void release();  // gives the memory back; what was checked stays checked

 private:
  void check_chunk_of(const durable::File& file, std::int64_t byte);
  void fill(const durable::File& file, std::int64_t begin, std::span<std::byte> out) const;

  Extent extent_;
  std::vector<bool> checked_;
  std::vector<std::byte> window_;
  std::int64_t window_begin_ = 0;
};

}  // namespace switchyard
