#include "io/prepare/words/words.h"

#define XXH_INLINE_ALL  // a call for each word takes as long as hashing it
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <string>

#include "io/text/unicode.h"
#include "runtime/error.h"
#include "runtime/hd.h"

namespace switchyard::prepare {
namespace {

// A field is a maximal run of ASCII letters, ASCII digits and what is not ASCII. No word reaches
// over its ends, and nothing combines over them that could change a word. Most fields are a word.
constexpr std::size_t usual_window = 4096;  // bytes of text worked on at once: they stay in L1
constexpr std::size_t block_bytes = 64;

bool is_in_field(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  const unsigned lower = value | 0x20U;
  return value >= 0x80 || (lower >= 'a' && lower <= 'z') || (value >= '0' && value <= '9');
}

// Lower case of the ASCII letters, and 1 for each byte that is in a field. True if all is ASCII.
SWITCHYARD_MULTIVERSION
bool classify(const char* text, std::size_t size, char* lower, unsigned char* in_field) {
  unsigned char any = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const auto value = static_cast<unsigned char>(text[i]);
    const auto is_upper = static_cast<unsigned char>(static_cast<unsigned char>(value - 'A') < 26);
    const auto folded = static_cast<unsigned char>(value | is_upper << 5);
    const auto is_letter =
        static_cast<unsigned char>(static_cast<unsigned char>(folded - 'a') < 26);
    const auto is_digit = static_cast<unsigned char>(static_cast<unsigned char>(value - '0') < 10);
    lower[i] = static_cast<char>(folded);
    in_field[i] = static_cast<unsigned char>(is_letter | is_digit | value >> 7);
    any |= value;
  }
  return any < 0x80;
}

// Bit i is byte i, for bytes that are 0 or 1.
std::uint64_t bits_of(const unsigned char* bytes) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < block_bytes; i += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, bytes + i, sizeof eight);
    bits |= (eight * 0x0102040810204080U >> 56) << i;
  }
  return bits;
}
static_assert(std::endian::native == std::endian::little, "bits_of reads byte 0 as the lowest");

constexpr std::size_t min_hashed = 16;

// XXH3 of a word padded with zeros: `word` is followed by at least 16 bytes of anything. One length
// for nearly all words, so no branch that is hard to predict.
std::uint64_t hash_of(const char* word, std::size_t size) {
  static constexpr auto masks = [] {
    std::array<std::uint8_t, 2 * min_hashed> bytes{};
    std::fill_n(bytes.begin(), min_hashed, std::uint8_t{0xFF});
    return bytes;
  }();
  if (size > min_hashed) return XXH3_64bits(word, size);
  std::array<std::uint64_t, 2> padded, mask;
  std::memcpy(padded.data(), word, sizeof padded);
  std::memcpy(mask.data(), masks.data() + min_hashed - size, sizeof mask);
  for (std::size_t i = 0; i < padded.size(); ++i) padded[i] &= mask[i];
  return XXH3_64bits(padded.data(), sizeof padded);
}

struct CodePoints {
  char32_t first, last;
};

// Letters of scripts written without spaces: ideographs, kana, and what Unicode's line breaking
// (UAX 14, class SA) leaves to dictionaries.
constexpr CodePoints words_alone[] = {
    {0x0E00, 0x0EFF},    // Thai, Lao
    {0x1000, 0x109F},    // Myanmar
    {0x1780, 0x17FF},    // Khmer
    {0x1950, 0x19DF},    // Tai Le, New Tai Lue
    {0x1A20, 0x1AAF},    // Tai Tham
    {0x3005, 0x3007},    // ideographic iteration, closing and zero
    {0x3021, 0x3029},    // Hangzhou numerals
    {0x3031, 0x30FF},    // kana
    {0x31F0, 0x31FF},    // Katakana extensions
    {0x3400, 0x4DBF},    // ideographs
    {0x4E00, 0x9FFF},    // ideographs
    {0xA9E0, 0xA9FF},    // Myanmar
    {0xAA60, 0xAADF},    // Myanmar, Tai Viet
    {0xF900, 0xFAFF},    // compatibility ideographs
    {0xFF66, 0xFF9F},    // halfwidth Katakana
    {0x11700, 0x1174F},  // Ahom
    {0x1AFF0, 0x1B16F},  // kana
    {0x20000, 0x3FFFF},  // ideographs
};

bool is_word_alone(char32_t code_point) {
  if (code_point < words_alone[0].first) return false;
  return std::any_of(std::begin(words_alone), std::end(words_alone), [&](const CodePoints& range) {
    return code_point >= range.first && code_point <= range.last;
  });
}

// The words of fields with other characters than ASCII's.
class FieldReader {
 public:
  explicit FieldReader(std::vector<Word>& words) : words_(words) {}

  // `field` begins at byte `begin` of the text. Two words meet inside a piece only where a trailing
  // jamo follows what is not Hangul; the border is then put behind the piece's head.
  void read(std::string_view field, std::size_t begin) {
    for (FoldedPieces pieces(field); pieces.next();) {
      std::size_t from = begin + pieces.begin();
      for (const std::int32_t code_point : pieces.code_points()) {
        add(static_cast<char32_t>(code_point), from, begin + pieces.end());
        from = begin + pieces.head_end();
      }
    }
    finish_word(begin + field.size());
  }

 private:
  // A folded code point, from the bytes [begin, end) of the text.
  void add(char32_t code_point, std::size_t begin, std::size_t end) {
    const CharacterKind kind = kind_of(code_point);
    const bool mark = kind == CharacterKind::digit_or_mark && is_mark(code_point);
    const bool alone = kind == CharacterKind::letter && prepare::is_word_alone(code_point);
    const bool in_word = kind == CharacterKind::letter || kind == CharacterKind::digit_or_mark;
    if (!in_word || (!mark && (alone || alone_))) finish_word(begin);
    if (!in_word || (mark && folded_.empty())) return;
    if (folded_.empty()) {
      begin_ = begin;
      alone_ = alone;
    }
    end_ = end;
    append_utf8(code_point, folded_);
  }

  void finish_word(std::size_t at) {
    if (folded_.empty()) return;
    const std::size_t size = folded_.size();
    folded_.append(min_hashed, '\0');
    words_.push_back({hash_of(folded_.data(), size), static_cast<std::uint32_t>(begin_),
                      static_cast<std::uint32_t>(std::min(end_, at))});
    folded_.clear();
    alone_ = false;
  }

  std::vector<Word>& words_;
  std::string folded_;  // of the word that is being read; empty between words
  std::size_t begin_ = 0, end_ = 0;
  bool alone_ = false;  // the word is one letter of a script without spaces, with its marks
};

class Windows {
 public:
  Windows(std::string_view text, std::vector<Word>& words)
      : text_(text), words_(words), field_reader_(words) {}

  void read() {
    while (end_ < text_.size()) {
      begin_ = end_;
      end_ = std::min(text_.size(), begin_ + usual_window);
      while (end_ < text_.size() && is_in_field(text_[end_])) ++end_;
      read_window();
    }
  }

 private:
  void read_window() {
    const std::size_t size = end_ - begin_;
    lower_.resize(std::max(lower_.size(), size + min_hashed));
    in_field_.resize(std::max(in_field_.size(), size + 2 * block_bytes));
    all_ascii_ = classify(text_.data() + begin_, size, lower_.data(), in_field_.data());
    std::memset(in_field_.data() + size, 0, 2 * block_bytes);
    bool inside = false;
    std::size_t field = 0;
    for (std::size_t at = 0; at <= size; at += block_bytes) {
      const std::uint64_t bits = bits_of(in_field_.data() + at);
      std::uint64_t edges = bits ^ (bits << 1 | (inside ? 1 : 0));
      for (; edges != 0; edges &= edges - 1) {
        const std::size_t edge = at + static_cast<std::size_t>(std::countr_zero(edges));
        if (inside) read_field(field, edge);
        field = edge;
        inside = !inside;
      }
    }
  }

  void read_field(std::size_t begin, std::size_t end) {
    const std::size_t at = begin_ + begin;
    const std::string_view field = text_.substr(at, end - begin);
    if (!all_ascii_ && !is_ascii(field)) return field_reader_.read(field, at);
    words_.push_back({hash_of(lower_.data() + begin, field.size()), static_cast<std::uint32_t>(at),
                      static_cast<std::uint32_t>(at + field.size())});
  }

  static bool is_ascii(std::string_view field) {
    return std::none_of(field.begin(), field.end(),
                        [](char byte) { return static_cast<unsigned char>(byte) >= 0x80; });
  }

  std::string_view text_;
  std::vector<Word>& words_;
  FieldReader field_reader_;
  std::size_t begin_ = 0, end_ = 0;  // the window, from one field's end to another's
  bool all_ascii_ = false;           // all of the window
  std::string lower_;
  std::vector<unsigned char> in_field_;
};

}  // namespace

void find_words(std::string_view text, std::vector<Word>& words) {
  require(text.size() <= std::numeric_limits<std::uint32_t>::max(),
          "a document of {} bytes is too long for words", text.size());
  constexpr std::size_t usual_bytes = 6;  // of a word and what separates it from the next
  words.reserve(words.size() + text.size() / usual_bytes);
  Windows(text, words).read();
}

}  // namespace switchyard::prepare
