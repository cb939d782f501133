#include "io/prepare/store/string_table.h"

#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

// Above what a line of the largest document can hold. A file of holes may claim any size, and
// nobody should have to allocate it to find out.
constexpr std::int64_t longest_string = std::int64_t{1} << 28;

}  // namespace

void StringTableWriter::add(std::string_view text) {
  bytes_ += text;
  offsets_.push_back(std::ssize(bytes_));
}

void StringTableWriter::write(Hdf5Writer& file, const std::string& name) const {
  file.write(name, "u8", {std::ssize(bytes_)}, bytes_.data());
  file.write(name + "_offsets", "i64", {std::ssize(offsets_)}, offsets_.data());
}

std::string read_string(ChunkReader& reader, std::span<const FileExtent> extents,
                        std::int64_t table, std::int64_t i) {
  const auto begin = reader.value<std::int64_t>(table + 1, i);
  const auto end = reader.value<std::int64_t>(table + 1, i + 1);
  const auto& [path, bytes] = extents[static_cast<std::size_t>(table)];
  require(begin >= 0 && begin <= end && end <= bytes.bytes && end - begin <= longest_string,
          Exit::data, "{} holds a string from byte {} to {} of {}", path.string(), begin, end,
          bytes.bytes);
  std::string text(static_cast<std::size_t>(end - begin), '\0');
  reader.read(table, begin, std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace switchyard::prepare
