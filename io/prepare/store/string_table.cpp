#include "io/prepare/store/string_table.h"

#include "runtime/error.h"

namespace switchyard {
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

StringTableReader::StringTableReader(const FileEntry& entry, const std::string& name)
    : bytes_(find_extent(entry, name, "u8")),
      offsets_(find_extent(entry, name + "_offsets", "i64")) {
  require(offsets_.rows() > 0, Exit::data, "'{}_offsets' of {} is empty", name, entry.name);
}

std::string StringTableReader::at(const durable::File& file, std::int64_t i) {
  const auto begin = offsets_.at<std::int64_t>(file, i);
  const auto end = offsets_.at<std::int64_t>(file, i + 1);
  require(begin >= 0 && begin <= end && end <= bytes_.bytes() && end - begin <= longest_string,
          Exit::data, "{} holds a string from byte {} to {} of {}", file.path().string(), begin,
          end, bytes_.bytes());
  std::string text(static_cast<std::size_t>(end - begin), '\0');
  bytes_.read(file, begin, std::as_writable_bytes(std::span(text)));
  return text;
}

void StringTableReader::release() {
  bytes_.release();
  offsets_.release();
}

}  // namespace switchyard
