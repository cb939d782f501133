#include "io/prepare/input/text_source.h"

#include <gtest/gtest.h>

#include "tests/io/prepare/compressed.h"
#include "tests/io/scratch.h"

namespace switchyard::prepare {
namespace text_source_test {

std::string read(const std::string& name, const std::string& bytes, std::size_t piece = 3) {
  const Scratch scratch;
  put_contents(scratch / name, bytes);
  const auto source = open_text(scratch / name).bytes;
  std::string result, out(piece, '\0');
  while (const std::size_t size = source->read(out)) result.append(out, 0, size);
  EXPECT_EQ(source->damage(), std::nullopt);
  return result;
}

// UTF-16 with its byte order mark.
std::string utf16(const std::u16string& text, bool high_byte_first) {
  std::string bytes;
  for (const char16_t unit : u"\uFEFF" + text) {
    const char high = static_cast<char>(unit >> 8), low = static_cast<char>(unit & 0xFF);
    bytes += high_byte_first ? high : low;
    bytes += high_byte_first ? low : high;
  }
  return bytes;
}

const std::string mark = "\xEF\xBB\xBF";

TEST(TextSource, Utf16ComesAsUtf8) {
  for (const bool high_byte_first : {false, true}) {
    const std::string bytes = utf16(u"a\u00E9\u6F22\U0001F600\n", high_byte_first);
    const std::string expected = mark + "a\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x98\x80\n";
    EXPECT_EQ(read("a.txt", bytes), expected);
    EXPECT_EQ(read("a.txt.gz", gzip_of(bytes)), expected);
  }
}

TEST(TextSource, LongUtf16IsConvertedWhole) {
  std::u16string text;
  while (text.size() < 200001) text += u"\U0001F600x";
  EXPECT_EQ(read("a.txt", utf16(text, false), 4099).size(), 3 + text.size() / 3 * 5);
}

TEST(TextSource, WhatIsNoCharacterComesAsABadByte) {
  const std::u16string high(1, char16_t{0xD83D}), low(1, char16_t{0xDE00});
  EXPECT_EQ(read("a.txt", utf16(high + u"x" + low + high + high + low, false)),
            mark + "\xFFx\xFF\xFF\xF0\x9F\x98\x80");
  EXPECT_EQ(read("a.txt", utf16(high, false)), mark + "\xFF");
  EXPECT_EQ(read("a.txt", utf16(u"x", false) + "y"), mark + "x\xFF");
}

TEST(TextSource, OtherTextIsAsItIs) {
  for (const std::string& bytes : {std::string(), std::string("a"), std::string("\xFF"),
                                   mark + "text", std::string("\xFF\xFE\0\0a\0\0\0", 8)}) {
    EXPECT_EQ(read("a.txt", bytes), bytes);
  }
}

}  // namespace text_source_test
}  // namespace switchyard::prepare
