#include "io/folder/checked_extent.h"

#include <algorithm>

#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::int64_t window_bytes = 16 << 10;

}  // namespace

const Extent& find_extent(const FileEntry& file, std::string_view name, std::string_view dtype,
                          std::int64_t columns) {
  const auto found = std::find_if(file.extents.begin(), file.extents.end(),
                                  [&](const Extent& extent) { return extent.name == name; });
  require(found != file.extents.end(), Exit::data, "{} has no dataset '{}'", file.name, name);
  const std::vector<std::int64_t>& shape = found->shape;
  const bool fits = columns == 1 ? shape.size() == 1 : shape.size() == 2 && shape[1] == columns;
  require(found->dtype == dtype && fits, Exit::data,
          "'{}' of {} is not a list of {} {} in each row", name, file.name, columns, dtype);
  return *found;
}

CheckedExtent::CheckedExtent(const Extent& extent)
    : extent_(extent), checked_(extent.chunk_hashes.size(), false) {
  require(extent.chunk_bytes > 0 && num_chunks(extent) == std::ssize(extent.chunk_hashes),
          Exit::data, "'{}' has {} hashes for its chunks of {} bytes", extent.name,
          extent.chunk_hashes.size(), extent.chunk_bytes);
}

void CheckedExtent::read(const durable::File& file, std::int64_t begin, std::span<std::byte> out) {
  const std::int64_t size = std::ssize(out);
  require(begin >= 0 && size <= extent_.bytes && begin <= extent_.bytes - size,
          "{} bytes from byte {} on of '{}', which has {}", size, begin, extent_.name,
          extent_.bytes);
  if (out.empty()) return;
  const bool in_window =
      begin >= window_begin_ && begin + size <= window_begin_ + std::ssize(window_);
  if (!in_window) {
    for (std::int64_t byte = begin; byte < begin + size;
         byte = (byte / extent_.chunk_bytes + 1) * extent_.chunk_bytes) {
      check_chunk_of(file, byte);
    }
    if (size >= window_bytes) return fill(file, begin, out);
    const std::int64_t end_of_chunk =
        ((begin + size - 1) / extent_.chunk_bytes + 1) * extent_.chunk_bytes;
    const std::int64_t end = std::min({begin + window_bytes, end_of_chunk, extent_.bytes});
    window_.resize(static_cast<std::size_t>(end - begin));
    window_begin_ = begin;
    fill(file, begin, window_);
  }
  std::memcpy(out.data(), window_.data() + (begin - window_begin_), out.size());
}

void CheckedExtent::release() { window_ = {}; }

void CheckedExtent::check_chunk_of(const durable::File& file, std::int64_t byte) {
  const std::int64_t chunk = byte / extent_.chunk_bytes;
  if (checked_[static_cast<std::size_t>(chunk)]) return;
  std::vector<std::byte> whole(static_cast<std::size_t>(bytes_of_chunk(extent_, chunk)));
  read_chunk(file, extent_, chunk, whole);
  checked_[static_cast<std::size_t>(chunk)] = true;
}

void CheckedExtent::fill(const durable::File& file, std::int64_t begin,
                         std::span<std::byte> out) const {
  require(file.read_at(extent_.offset + begin, out) == std::ssize(out), Exit::data,
          "{} is truncated: '{}' reaches to byte {}", file.path().string(), extent_.name,
          extent_.offset + extent_.bytes);
}

}  // namespace switchyard
