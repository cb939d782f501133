#include "io/folder/raw_file_writer.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace switchyard {

RawFileWriter::RawFileWriter(const std::filesystem::path& path, const std::string& dataset,
                             std::int64_t chunk_bytes)
    : file_(path) {
  entry_.name = path.filename().string();
  entry_.extents.push_back({dataset, "u8", {0}, 0, 0, chunk_bytes, {}});
}

void RawFileWriter::append(std::span<const std::byte> bytes) {
  Extent& extent = entry_.extents.front();
  file_.write_at(extent.bytes, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  extent.bytes += std::ssize(bytes);
  while (!bytes.empty()) {
    const auto count = std::min(std::ssize(bytes), extent.chunk_bytes - in_chunk_);
    hasher_.add(bytes.data(), count);
    in_chunk_ += count;
    if (in_chunk_ == extent.chunk_bytes) end_chunk();
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void RawFileWriter::end_chunk() {
  entry_.extents.front().chunk_hashes.push_back(hasher_.hash());
  hasher_ = Hasher();
  in_chunk_ = 0;
}

FileEntry RawFileWriter::finish() {
  if (in_chunk_ > 0) end_chunk();
  Extent& extent = entry_.extents.front();
  extent.shape = {extent.bytes};
  entry_.bytes = extent.bytes;
  entry_.rest_hash = content_hash("");
  file_.commit();
  return std::move(entry_);
}

}  // namespace switchyard
