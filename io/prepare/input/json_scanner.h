// JsonScanner: one JSON text read from front to back: RFC 8259, and what Python's and JavaScript's
// writers make beyond it, which is NaN, Infinity, -Infinity and lone surrogates. Ten times as fast
// as nlohmann's parser on lines of text, without recursion and without making what nobody asked for
// (bench/reader_bench.cpp).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace switchyard::prepare {

// After a call that returned false the text is not JSON, and no other call makes sense.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text)  // valid UTF-8
      : next_(text.data()), end_(text.data() + text.size()) {}

  // Passes `wanted` if it is next behind white space.
  bool accept(char wanted);

  // Passes a value of any depth. raw: from its first byte to its last.
  bool value(std::string_view& raw);
  // A string and the colon behind it.
  bool key(std::string_view& raw);
  bool at_end();  // nothing but white space is left

 private:
  void skip_space();
  bool open_or_scalar();
  bool close_or_separate();
  bool string();
  bool escape();
  bool four_digits();
  bool number();
  bool digits();
  bool literal(std::string_view word);

  const char* next_;
  const char* end_;
  std::vector<bool> open_;         // the brackets around what comes next: is it a brace
  bool value_comes_next_ = false;  // within value()
};

// The kind of a value that a scanner passed.
inline bool is_json_string(std::string_view raw) { return raw.starts_with('"'); }
// NaN and Infinity are none.
inline bool is_json_number(std::string_view raw) {
  return !raw.empty() && raw.back() >= '0' && raw.back() <= '9';
}

// The text of a string that a scanner passed. Each lone surrogate becomes U+FFFD; then
// *had_lone_surrogates is set.
std::string json_unescape(std::string_view raw, bool* had_lone_surrogates = nullptr);

}  // namespace switchyard::prepare
