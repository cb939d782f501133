// Fuzzes what is compressed, and the lines of it: the first byte says how to read the others.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/prepare/input/byte_source.h"
#include "io/prepare/input/json_values.h"
#include "io/prepare/input/line_reader.h"

namespace switchyard::prepare {
namespace {

constexpr std::size_t max_bytes = std::size_t{1} << 16;  // of what an input may expand to

class Memory : public ByteSource {
 public:
  Memory(std::span<const char> bytes, std::size_t piece) : bytes_(bytes), piece_(piece) {}

  std::size_t read(std::span<char> out) override {
    const std::size_t size = std::min({piece_, out.size(), bytes_.size()});
    std::copy_n(bytes_.begin(), size, out.begin());
    bytes_ = bytes_.subspan(size);
    return size;
  }

 private:
  std::span<const char> bytes_;
  std::size_t piece_;
};

std::string expand(std::span<const char> bytes, Compression method, std::size_t piece) {
  const auto source = decompress(std::make_unique<Memory>(bytes, piece), method);
  std::string result;
  std::vector<char> out(piece);
  for (std::size_t size = 1; size > 0 && result.size() < max_bytes;) {
    size = source->read(out);
    result.append(out.data(), size);
  }
  result.resize(std::min(result.size(), max_bytes));
  return result;
}

void read_lines(const std::string& text, std::int64_t begin, std::int64_t end,
                std::vector<std::int64_t>& starts) {
  const std::int64_t opened_at = std::max(begin - 1, std::int64_t{0});
  Memory source(std::span(text).subspan(static_cast<std::size_t>(opened_at)), 13);
  LineReader reader(source, opened_at, end, 50);
  if (begin > 0) reader.skip_line();
  for (Line line; reader.next(line);) starts.push_back(line.position);
}

std::vector<std::string> values_of(const std::string& text, std::size_t piece) {
  Memory source(text, piece);
  JsonValueReader reader(source, 50);
  std::vector<std::string> values;
  for (Line value; reader.next(value);) values.push_back(value.text);
  return values;
}

void check(std::span<const char> bytes, unsigned mode) {
  const auto method = static_cast<Compression>(mode % 3);
  const std::string whole = expand(bytes, method, 4096);
  const std::string in_pieces = expand(bytes, method, 1 + mode / 3);
  // How much comes out before some damage may depend on the pieces; what comes out may not.
  if (!whole.starts_with(in_pieces) && !in_pieces.starts_with(whole)) std::abort();

  std::vector<std::int64_t> at_once, in_parts;
  read_lines(whole, 0, std::numeric_limits<std::int64_t>::max(), at_once);
  const auto size = static_cast<std::int64_t>(whole.size());
  const std::int64_t step = 1 + size / 7;
  for (std::int64_t begin = 0; begin < size; begin += step) {
    read_lines(whole, begin, begin + step, in_parts);
  }
  if (at_once != in_parts) std::abort();
  if (values_of(whole, 4096) != values_of(whole, 1 + mode / 3)) std::abort();
}

}  // namespace
}  // namespace switchyard::prepare

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  switchyard::prepare::check({reinterpret_cast<const char*>(data) + 1, size - 1}, data[0]);
  return 0;
}
