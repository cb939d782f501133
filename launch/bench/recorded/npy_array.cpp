#include "launch/bench/recorded/npy_array.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "io/files/file.h"
#include "runtime/error.h"

namespace switchyard::bench {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::int64_t largest_header = 1 << 16;

std::string read_bytes(const durable::File& file, std::int64_t offset, std::int64_t count,
                       const std::string& path) {
  std::string bytes(static_cast<std::size_t>(count), '\0');
  require(file.read_at(offset, std::as_writable_bytes(std::span(bytes))) == count, Exit::data,
          "{} is cut: it ends within its header or values", path);
  return bytes;
}

// What follows 'key': in the header, a Python dictionary.
std::string_view entry(std::string_view header, std::string_view key, const std::string& path) {
  const std::size_t at = header.find("'" + std::string(key) + "':");
  require(at != header.npos, Exit::data, "{}: the header has no {}", path, key);
  header.remove_prefix(at + key.size() + 3);
  header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  return header;
}

std::vector<std::int64_t> shape_of(std::string_view text, const std::string& path) {
  std::vector<std::int64_t> shape;
  require(text.starts_with('('), Exit::data, "{}: the header's shape is not a tuple", path);
  for (text.remove_prefix(1); !text.starts_with(')');) {
    std::int64_t size = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    require(error == std::errc{} && size >= 0 && size <= std::numeric_limits<std::int32_t>::max(),
            Exit::data, "{}: the header's shape is damaged", path);
    shape.push_back(size);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    text.remove_prefix(std::min(text.find_first_not_of(", "), text.size()));
  }
  return shape;
}

template <class Stored>
std::vector<std::int32_t> values_of(const std::string& bytes, const std::string& path) {
  std::vector<std::int32_t> values(bytes.size() / sizeof(Stored));
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored stored{};
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = static_cast<std::int32_t>(stored);
    require(static_cast<Stored>(values[i]) == stored && (values[i] < 0) == (stored < Stored{}),
            Exit::data, "{}: value {} does not fit 32 bits", path, i);
  }
  return values;
}

struct StoredType {
  std::string_view name;
  std::int64_t bytes;
  std::vector<std::int32_t> (*values)(const std::string&, const std::string&);
};

constexpr StoredType stored_types[] = {
    {"'|i1'", 1, values_of<std::int8_t>},  {"'|u1'", 1, values_of<std::uint8_t>},
    {"'<i2'", 2, values_of<std::int16_t>}, {"'<u2'", 2, values_of<std::uint16_t>},
    {"'<i4'", 4, values_of<std::int32_t>}, {"'<u4'", 4, values_of<std::uint32_t>},
    {"'<i8'", 8, values_of<std::int64_t>}, {"'<u8'", 8, values_of<std::uint64_t>}};

const StoredType& type_of(std::string_view text, const std::string& path) {
  for (const StoredType& type : stored_types)
    if (text.starts_with(type.name)) return type;
  fail(Exit::data, "{} holds {}: convert it to integers, as with array.astype('<i4')", path,
       text.substr(0, text.find(',')));
}

}  // namespace

IntegerArray read_npy(const std::filesystem::path& path) {
  const std::string name = path.string();
  const durable::File file = durable::File::open_for_reading(path);
  const std::string start = read_bytes(file, 0, 12, name);
  require(start.starts_with(magic), Exit::data, "{} is not in NumPy's format .npy", name);
  const bool short_size = start[6] == 1;  // of two bytes, not four
  const auto byte = [&](std::size_t i) {
    return static_cast<std::int64_t>(static_cast<unsigned char>(start[i]));
  };
  std::int64_t size = byte(8) | byte(9) << 8;
  if (!short_size) size |= byte(10) << 16 | byte(11) << 24;
  require(size <= largest_header, Exit::data, "{}: the header is damaged", name);
  const std::int64_t begin = short_size ? 10 : 12;
  const std::string header = read_bytes(file, begin, size, name);
  require(entry(header, "fortran_order", name).starts_with("False"), Exit::data,
          "{} is in Fortran's order: save numpy.ascontiguousarray(array)", name);
  IntegerArray array{shape_of(entry(header, "shape", name), name), {}};
  const StoredType& type = type_of(entry(header, "descr", name), name);
  std::int64_t count = 1;
  const std::int64_t room = file.size() / type.bytes;
  for (const std::int64_t extent : array.shape)
    count = extent == 0 ? 0 : count > room / extent ? room + 1 : count * extent;
  require(begin + size + count * type.bytes == file.size(), Exit::data,
          "{}: its size does not fit the shape in its header", name);
  array.values = type.values(read_bytes(file, begin + size, count * type.bytes, name), name);
  return array;
}

}  // namespace switchyard::bench
