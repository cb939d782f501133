// LineReader: the lines that start in a part of a stream, in bounded memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/prepare/input/byte_source.h"

namespace switchyard::prepare {

inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

inline void drop_byte_order_mark(std::string& text) {
  if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
}

struct Line {
  std::string text;           // without its end; cut short if it is too large
  std::int64_t position = 0;  // byte of the stream where it starts
  std::int64_t number = 0;    // of the line, from 1, counted from where the reader began
  bool too_large = false;
};

class LineReader {
 public:
  // Lines that start before byte `end`. `source` is at byte `position`, where a line starts.
  LineReader(ByteSource& source, std::int64_t position, std::int64_t end,
             std::int64_t largest_line);

  // Passes over the rest of a line that starts somewhere before, if that ends before `end`.
  void skip_line();

  // Returns false after the last line. A line that damage to the source cut off does not count.
  bool next(Line& line);

 private:
  bool fill();
  bool take_to_newline(Line* line);

  ByteSource& source_;
  std::int64_t position_;  // of the next byte of buffer_
  std::int64_t end_;
  std::int64_t num_lines_ = 0;
  std::size_t largest_line_;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{256} << 10);
  std::size_t next_ = 0, size_ = 0;
};

}  // namespace switchyard::prepare
