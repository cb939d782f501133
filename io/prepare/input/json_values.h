// JsonValueReader: the values of a JSON text that is not one value a line, one at a time.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "io/prepare/input/byte_source.h"
#include "io/prepare/input/file_kind.h"
#include "io/prepare/input/line_reader.h"

namespace switchyard::prepare {

// Whether a file that begins with `head` must be read by values: it begins with an array, or with
// an object that goes on behind its first line. In a file of JSON lines only a brace alone on the
// first line says so, because such a line may be broken.
bool is_read_by_values(std::string_view head, Content content);
inline constexpr std::size_t json_head_bytes = std::size_t{64} << 10;  // enough of a head

// Reads values one after the other, and the elements of an outermost array as if they were. It
// finds only where values end; whether they are JSON is for others to say. A text that ends within
// a value or an array gives what there is of it, which is not JSON.
class JsonValueReader {
 public:
  JsonValueReader(ByteSource& source, std::int64_t largest_value)
      : source_(source), largest_value_(static_cast<std::size_t>(largest_value)) {}

  // As LineReader::next.
  bool next(Line& value);

 private:
  bool fill();
  void pass();  // the next byte
  bool skip_to_value();
  bool ends_value(char c);
  bool finish_unfinished(Line& value);

  ByteSource& source_;
  std::size_t largest_value_;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{256} << 10);
  std::size_t next_ = 0, size_ = 0;
  std::int64_t position_ = 0, line_ = 1;
  bool within_array_ = false;
  // Of the value that is being read:
  std::int64_t depth_ = 0;
  bool within_string_ = false, is_escaped_ = false;
};

}  // namespace switchyard::prepare
