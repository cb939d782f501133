#include "io/prepare/input/json_values.h"

#include <algorithm>

namespace switchyard::prepare {
namespace {

constexpr std::string_view white_space = " \t\r\n";

bool is_space(char c) { return white_space.find(c) != std::string_view::npos; }

// Passes the next byte of a value: where its brackets and strings are.
void advance(char c, std::int64_t& depth, bool& within_string, bool& is_escaped) {
  if (is_escaped) {
    is_escaped = false;
  } else if (within_string) {
    is_escaped = c == '\\';
    within_string = c != '"';
  } else {
    within_string = c == '"';
    depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
  }
}

// Whether a whole line ends between the members of an object or the elements of an array.
bool is_unfinished(std::string_view line) {
  std::int64_t depth = 0;
  bool within_string = false, is_escaped = false;
  for (const char c : line) advance(c, depth, within_string, is_escaped);
  return depth > 0 && !within_string;
}

}  // namespace

bool is_read_by_values(std::string_view head, Content content) {
  if (head.starts_with(byte_order_mark)) head.remove_prefix(byte_order_mark.size());
  head.remove_prefix(std::min(head.size(), head.find_first_not_of(white_space)));
  if (head.starts_with('[')) return true;
  if (!head.starts_with('{')) return false;
  const std::size_t newline = head.find('\n');
  if (newline == std::string_view::npos) return false;
  const std::string_view line = head.substr(0, newline);
  if (content == Content::json) return is_unfinished(line);
  return line.find_first_not_of(white_space, 1) == std::string_view::npos;
}

bool JsonValueReader::fill() {
  if (next_ < size_) return true;
  next_ = 0;
  size_ = source_.read(buffer_);
  return size_ > 0;
}

void JsonValueReader::pass() {
  line_ += buffer_[next_] == '\n' ? 1 : 0;
  ++position_;
  ++next_;
}

// Passes what is between values: white space, commas, byte order marks, and the brackets of an
// outermost array. False at the end of the text.
bool JsonValueReader::skip_to_value() {
  for (; fill(); pass()) {
    const char c = buffer_[next_];
    const bool is_bracket = c == (within_array_ ? ']' : '[');
    if (is_bracket) within_array_ = !within_array_;
    const bool is_mark = byte_order_mark.find(c) != std::string_view::npos;
    if (!is_bracket && !is_mark && c != ',' && !is_space(c)) return true;
  }
  return false;
}

// Whether a value that is neither string nor bracketed ends before `c`.
bool JsonValueReader::ends_value(char c) {
  return depth_ == 0 && !within_string_ && (is_space(c) || c == ',' || c == ']');
}

bool JsonValueReader::finish_unfinished(Line& value) {
  if (source_.damage()) return false;
  const bool is_array = value.text.empty() && within_array_;
  if (is_array) value.text = "[";
  within_array_ = false;
  return is_array || !value.text.empty() || value.too_large;
}

bool JsonValueReader::next(Line& value) {
  value = {};
  const bool found = skip_to_value();
  value.position = position_;
  value.number = line_;
  if (!found) return finish_unfinished(value);
  depth_ = 0;
  within_string_ = is_escaped_ = false;
  do {
    const char c = buffer_[next_];
    if (!value.text.empty() && ends_value(c)) return true;
    advance(c, depth_, within_string_, is_escaped_);
    value.too_large = value.too_large || value.text.size() == largest_value_;
    if (!value.too_large) value.text += c;
    pass();
    const bool is_close = c == '}' || c == ']' || c == '"';
    if (is_close && depth_ <= 0 && !within_string_) return true;
  } while (fill());
  return finish_unfinished(value);
}

}  // namespace switchyard::prepare
