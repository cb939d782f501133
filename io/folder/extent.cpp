#include "io/folder/extent.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "io/files/durable.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::int64_t bytes_read_ahead = std::int64_t{8} << 20;

using Range = std::pair<std::int64_t, std::int64_t>;  // [first, second)

// The ranges between the extents, in file order.
std::vector<Range> gaps(const FileEntry& file) {
  std::vector<Range> taken;
  for (const Extent& extent : file.extents) {
    require(extent.offset >= 0 && extent.bytes >= 0 && extent.bytes <= file.bytes &&
                extent.offset <= file.bytes - extent.bytes,
            Exit::data, "'{}' of {} lies outside the file's {} bytes", extent.name, file.name,
            file.bytes);
    if (extent.bytes > 0) taken.emplace_back(extent.offset, extent.offset + extent.bytes);
  }
  std::sort(taken.begin(), taken.end());
  taken.emplace_back(file.bytes, file.bytes);

  std::vector<Range> result;
  std::int64_t end = 0;
  for (const auto& [begin, next] : taken) {
    require(begin >= end, Exit::data, "datasets of {} overlap at byte {}", file.name, begin);
    if (begin > end) result.emplace_back(end, begin);
    end = next;
  }
  return result;
}

}  // namespace

std::int64_t element_bytes(std::string_view dtype) {
  if (dtype == "i8" || dtype == "u8") return 1;
  if (dtype == "i16" || dtype == "u16" || dtype == "bf16") return 2;
  if (dtype == "i32" || dtype == "u32" || dtype == "f32") return 4;
  if (dtype == "i64" || dtype == "u64" || dtype == "f64") return 8;
  return 0;
}

std::int64_t bytes_of_shape(const std::vector<std::int64_t>& shape, std::int64_t bytes_of_element) {
  std::int64_t bytes = bytes_of_element;
  bool empty = false;
  for (const std::int64_t dim : shape) {
    require(dim >= 0, Exit::data, "a dataset cannot have {} rows or columns", dim);
    require(!__builtin_mul_overflow(bytes, std::max<std::int64_t>(dim, 1), &bytes), Exit::data,
            "a dataset's size is beyond 63 bits");
    empty = empty || dim == 0;
  }
  return empty ? 0 : bytes;
}

std::int64_t num_chunks(const Extent& extent) {
  return extent.bytes / extent.chunk_bytes + (extent.bytes % extent.chunk_bytes != 0 ? 1 : 0);
}

std::int64_t bytes_of_chunk(const Extent& extent, std::int64_t chunk) {
  return std::min(extent.chunk_bytes, extent.bytes - chunk * extent.chunk_bytes);
}

std::int64_t rows_of(const Extent& extent) { return extent.shape.front(); }

std::vector<ContentHash> hash_chunks(const void* data, std::int64_t bytes,
                                     std::int64_t chunk_bytes) {
  require(chunk_bytes > 0, "chunks of {} bytes", chunk_bytes);
  std::vector<ContentHash> hashes;
  const auto* first = static_cast<const std::byte*>(data);
  for (std::int64_t begin = 0; begin < bytes; begin += chunk_bytes) {
    const auto size = static_cast<std::size_t>(std::min(chunk_bytes, bytes - begin));
    hashes.push_back(content_hash(std::span(first + begin, size)));
  }
  return hashes;
}

ContentHash hash_rest(const FileEntry& file,
                      const std::function<void(std::int64_t, std::span<std::byte>)>& read_at) {
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  Hasher hasher;
  for (auto [begin, end] : gaps(file)) {
    while (begin < end) {
      const std::int64_t count = std::min(end - begin, std::ssize(buffer));
      read_at(begin, std::span(buffer).first(count));
      hasher.add(buffer.data(), count);
      begin += count;
    }
  }
  return hasher.hash();
}

bool has_extent(const FileEntry& file, std::string_view name) {
  return std::any_of(file.extents.begin(), file.extents.end(),
                     [&](const Extent& extent) { return extent.name == name; });
}

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

void check_chunk(const std::filesystem::path& file, const Extent& extent, std::int64_t chunk,
                 std::span<const std::byte> bytes) {
  require(
      content_hash(bytes) == extent.chunk_hashes.at(static_cast<std::size_t>(chunk)), Exit::data,
      "{} is damaged: chunk {} of '{}' ({} bytes from byte {} on) does not match its hash",
      file.string(), chunk, extent.name, bytes.size(), extent.offset + chunk * extent.chunk_bytes);
}

void read_chunk(const durable::File& opened, const Extent& extent, std::int64_t chunk,
                std::span<std::byte> out) {
  const std::int64_t offset = extent.offset + chunk * extent.chunk_bytes;
  require(opened.read_at(offset, out) == std::ssize(out), Exit::data,
          "{} is truncated: '{}' reaches to byte {}", opened.path().string(), extent.name,
          extent.offset + extent.bytes);
  check_chunk(opened.path(), extent, chunk, out);
}

void read_ahead(const durable::File& opened, std::int64_t begin, std::int64_t end,
                std::int64_t last) {
  if (begin / bytes_read_ahead == end / bytes_read_ahead) return;
  opened.will_need(begin, std::min(2 * bytes_read_ahead, last - begin));
}

void read_extent(const std::filesystem::path& folder, const FileEntry& file, const Extent& extent,
                 std::int64_t begin, std::span<std::byte> out) {
  const std::int64_t end = begin + std::ssize(out);
  require(begin >= 0 && end <= extent.bytes, "bytes {} to {} of '{}', which has {}", begin, end,
          extent.name, extent.bytes);
  if (out.empty()) return;
  const durable::File opened = durable::File::open_for_reading(folder / file.name);
  if (extent.chunk_hashes.empty()) {
    require(opened.read_at(extent.offset + begin, out) == std::ssize(out), Exit::data,
            "{} is cut short within '{}'", opened.path().string(), extent.name);
    return;
  }
  if (std::ssize(out) > extent.chunk_bytes) {
    opened.will_need(extent.offset + begin, std::min(bytes_read_ahead, end - begin));
  }
  std::vector<std::byte> whole;  // for a chunk that is asked for in part
  for (std::int64_t chunk = begin / extent.chunk_bytes; chunk * extent.chunk_bytes < end; ++chunk) {
    const std::int64_t first = chunk * extent.chunk_bytes;
    const std::int64_t last = first + bytes_of_chunk(extent, chunk);
    read_ahead(opened, extent.offset + first, extent.offset + last, extent.offset + end);
    if (first >= begin && last <= end) {
      read_chunk(opened, extent, chunk, out.subspan(first - begin, last - first));
      continue;
    }
    whole.resize(static_cast<std::size_t>(last - first));
    read_chunk(opened, extent, chunk, whole);
    const std::int64_t from = std::max(first, begin), to = std::min(last, end);
    std::memcpy(out.data() + (from - begin), whole.data() + (from - first),
                static_cast<std::size_t>(to - from));
  }
}

}  // namespace switchyard
