#include "io/text/unicode.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <chrono>
#include <cstdlib>
#include <memory>

#include "runtime/random.h"

namespace switchyard {
namespace unicode_test {

using namespace std::string_literals;

std::string utf8(char32_t code_point) {
  std::string text;
  append_utf8(code_point, text);
  return text;
}

bool is_white_space(utf8proc_int32_t c) {
  return (c >= '\t' && c <= '\r') || c == 0x85 || utf8proc_category_string(c)[0] == 'Z';
}

// The definition: the whole text through utf8proc_map, then its white space.
std::string reference(std::string_view text) {
  utf8proc_uint8_t* raw = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()), std::ssize(text), &raw,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> folded(raw, &std::free);
  std::string result;
  for (utf8proc_ssize_t at = 0; at < size;) {
    utf8proc_int32_t c = 0;
    const utf8proc_ssize_t length = utf8proc_iterate(raw + at, size - at, &c);
    if (!is_white_space(c)) {
      result.append(reinterpret_cast<const char*>(raw) + at, static_cast<std::size_t>(length));
    } else if (!result.empty() && result.back() != ' ') {
      result += ' ';
    }
    at += length;
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

TEST(Normalized, FoldsCaseComposesAndCollapsesWhiteSpace) {
  EXPECT_EQ(normalized("  Stra\u00DFe\t\n one\u00A0two "), "strasse one two");
  EXPECT_EQ(normalized("E\u0301"), "\u00E9");
  EXPECT_EQ(normalized("A\0B"s), "a\0b"s);
  EXPECT_EQ(normalized(" \u2003\u0085"), "");
  EXPECT_EQ(normalized(""), "");
}

TEST(Normalized, IsUtf8procsForEachCodePointAmongOthersThatCombine) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    const std::string_view category = utf8proc_category_string(static_cast<utf8proc_int32_t>(c));
    if (category == "Cn" || category == "Co" || category == "Cs") continue;
    const std::string one = utf8(c);
    const std::string text = "a" + one + "\u0301" + one + one + "\u0323\u0338 \u1100" + one +
                             "\u1161" + one + "\u11A8\u03B1\u0345" + one + "<" + one;
    ASSERT_EQ(normalized(text), reference(text)) << std::hex << static_cast<std::uint32_t>(c);
  }
}

TEST(Normalized, IsUtf8procsForRandomCodePoints) {
  // The starts of blocks whose members combine, reorder, fold to several or are white space.
  constexpr char32_t blocks[] = {0,      0x40,   0x80,   0xC0,   0x130,  0x1C0,   0x300,  0x340,
                                 0x390,  0x400,  0x5B0,  0x640,  0x930,  0x9B0,   0xC40,  0xD40,
                                 0xDC0,  0xE30,  0x1020, 0x1100, 0x1160, 0x11A0,  0x1B30, 0x1E90,
                                 0x1F80, 0x1FC0, 0x2000, 0x2120, 0x2AD0, 0x3040,  0x3090, 0x4E00,
                                 0xAC00, 0xF900, 0xFB00, 0xFB20, 0xFF40, 0x11090, 0x1D150};
  const Random random(3, Purpose::init);
  for (std::uint64_t i = 0; i < 100000; ++i) {
    std::string text;
    const std::uint64_t length = random.bits(i * 64)[0] % 24;
    for (std::uint64_t j = 1; j <= length; ++j) {
      const Philox bits = random.bits(i * 64 + j);
      text += utf8(blocks[bits[0] % std::size(blocks)] + bits[1] % 64);
    }
    ASSERT_EQ(normalized(text), reference(text)) << i << ": " << text;
  }
}

TEST(Normalized, AMillionMarksOnOneLetterTakeNoLongerThanOthers) {
  std::string text = "a";
  for (int i = 0; i < 500000; ++i) text += "\u0301\u0323";
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(normalized(text).size(), text.size());  // U+1EA1 takes as much as what it is made of
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(Normalized, OfCutOffUtf8EndsWithTheText) {
  for (const std::string_view cut : {"\xC3", "\xE4\xB8", "\xF0", "\x80"}) {
    FoldedPieces pieces(cut.substr(0, 1));
    EXPECT_TRUE(pieces.next());
    EXPECT_EQ(pieces.end(), 1);
    EXPECT_FALSE(pieces.next());
  }
}

TEST(FoldedPieces, CutBeforeEachCodePointThatDoesNotCombine) {
  const std::string text = "ae\u0301\u4E16\u1100\u1161\u11A8";
  std::vector<std::size_t> ends;
  for (FoldedPieces pieces(text); pieces.next();) ends.push_back(pieces.end());
  EXPECT_EQ(ends, (std::vector<std::size_t>{1, 4, 7, 16}));
}

}  // namespace unicode_test
}  // namespace switchyard
