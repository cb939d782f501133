// Unicode behind one door: nothing outside unicode.cpp and nfc.cpp names a utf8proc function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard {

// Replaces each byte that is not part of a valid UTF-8 sequence by U+FFFD. Returns true if there
// was one.
bool repair_utf8(std::string& text);

// The form in which equal documents are the same text: NFC and case folding, every run of white
// space as one space, none at the ends. Requires valid UTF-8.
std::string normalized(std::string_view text);

// Normalization form C of valid UTF-8 (Unicode Standard Annex 15): accents composed.
std::string nfc(std::string_view text);

enum class CharacterKind : std::uint8_t { white_space, letter, digit_or_mark, other };

struct Character {
  char32_t code_point = 0;
  CharacterKind kind = CharacterKind::other;
  std::size_t bytes = 0;  // in UTF-8
};

// The one that `text`, which is not empty, starts with. A byte that is part of no valid sequence
// counts as U+FFFD, of one byte.
Character first_character(std::string_view text);

CharacterKind kind_of(char32_t code_point);
bool is_mark(char32_t code_point);  // an accent or vowel sign of the character before it
void append_utf8(char32_t code_point, std::string& text);
// The character alone in another case, where that is one character; else itself.
char32_t lower_case(char32_t code_point);
char32_t title_case(char32_t code_point);

// Cuts a text into pieces that fold by themselves: NFC and case folding of the text are those of
// its pieces, one after the other. A piece is one code point, its head, and the marks and trailing
// jamo that may combine with it. Requires valid UTF-8.
class FoldedPieces {
 public:
  explicit FoldedPieces(std::string_view text) : text_(text) {}

  bool next();  // false at the end of the text

  std::size_t begin() const { return begin_; }  // in bytes of the text
  std::size_t head_end() const { return head_end_; }
  std::size_t end() const { return end_; }
  std::span<const std::int32_t> code_points() const {  // folded
    return {buffer_.data(), size_};
  }

 private:
  void add_code_point();
  void compose();

  std::string_view text_;
  std::size_t begin_ = 0, head_end_ = 0, end_ = 0;
  std::vector<std::int32_t> buffer_;  // its first size_ are the piece's code points
  std::size_t size_ = 0;
};

std::string unicode_version();  // of the library; its tables decide what normalized() returns

}  // namespace switchyard
