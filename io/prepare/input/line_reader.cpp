#include "io/prepare/input/line_reader.h"

#include <cstring>

namespace switchyard::prepare {

LineReader::LineReader(ByteSource& source, std::int64_t position, std::int64_t end,
                       std::int64_t largest_line)
    : source_(source),
      position_(position),
      end_(end),
      largest_line_(static_cast<std::size_t>(largest_line)) {}

void LineReader::skip_line() {
  while (position_ < end_ && fill() && !take_to_newline(nullptr)) {
  }
}

bool LineReader::next(Line& line) {
  line.text.clear();
  line.position = position_;
  line.too_large = false;
  if (position_ >= end_ || !fill()) return false;
  line.number = ++num_lines_;
  while (!take_to_newline(&line)) {
    if (line.too_large && position_ >= end_) return true;  // nobody needs to know where it ends
    if (!fill()) return !source_.damage();
  }
  return true;
}

bool LineReader::fill() {
  if (next_ < size_) return true;
  next_ = 0;
  size_ = source_.read(buffer_);
  return size_ > 0;
}

// Takes what the buffer has of the line; true if that holds its end.
bool LineReader::take_to_newline(Line* line) {
  const char* const start = buffer_.data() + next_;
  const auto* const stop = static_cast<const char*>(std::memchr(start, '\n', size_ - next_));
  const std::size_t size = stop != nullptr ? static_cast<std::size_t>(stop - start) : size_ - next_;
  const std::size_t taken = size + (stop != nullptr ? 1 : 0);
  next_ += taken;
  position_ += static_cast<std::int64_t>(taken);
  if (line != nullptr) {
    line->too_large = line->too_large || line->text.size() + size > largest_line_;
    if (!line->too_large) line->text.append(start, size);
  }
  return stop != nullptr;
}

}  // namespace switchyard::prepare
