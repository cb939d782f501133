#include <gtest/gtest.h>
#include <utf8proc.h>

#include <cstdlib>
#include <memory>
#include <random>

#include "io/text/unicode.h"

namespace switchyard {
namespace nfc_test {

std::string reference(const std::string& text) {
  utf8proc_uint8_t* raw = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), std::ssize(text), &raw,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> composed(raw, &std::free);
  return {reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size)};
}

TEST(Nfc, ComposesLettersAndMarks) {
  EXPECT_EQ(nfc("e\u0301 E\u0301"), "\u00E9 \u00C9");
  EXPECT_EQ(nfc("\u1112\u1161\u11AB"), "\uD55C");
  EXPECT_EQ(nfc("a\u0301\u0323"), "\u1EA1\u0301");
  EXPECT_EQ(nfc("\u212B"), "\u00C5");
  EXPECT_EQ(nfc("\uAC00\u11A7\u11A8"), "\uAC00\u11A7\u11A8");
  EXPECT_EQ(nfc("\uAC00\u11A8"), "\uAC01");
  EXPECT_EQ(nfc(""), "");
  EXPECT_EQ(nfc(std::string("\0x", 2)), std::string("\0x", 2));
}

TEST(Nfc, IsUtf8procsForRandomCodePoints) {
  std::mt19937 random(3);
  constexpr char32_t blocks[] = {0,      0x40,   0xC0,   0x1C0,  0x300,  0x340,  0x390,   0x5B0,
                                 0x640,  0x930,  0x9B0,  0x1020, 0x1100, 0x1160, 0x11A0,  0x1E90,
                                 0x1F80, 0x2000, 0x2120, 0x2AD0, 0x3090, 0xAC00, 0x11090, 0x1D150};
  for (int round = 0; round < 50000; ++round) {
    std::string text;
    for (auto length = random() % 16; length > 0; --length) {
      const auto code_point =
          static_cast<char32_t>(blocks[random() % std::size(blocks)] + random() % 64);
      if (code_point != 0x11A7) append_utf8(code_point, text);  // which utf8proc may drop
    }
    ASSERT_EQ(nfc(text), reference(text)) << round << ": " << text;
  }
}

TEST(Nfc, AMillionMarksOnOneLetterAreSorted) {
  std::string text = "a", sorted = "\u1EA1";
  for (int i = 0; i < 500000; ++i) text += "\u0301\u0323";
  for (int i = 1; i < 500000; ++i) sorted += "\u0323";
  for (int i = 0; i < 500000; ++i) sorted += "\u0301";
  EXPECT_EQ(nfc(text), sorted);
}

}  // namespace nfc_test
}  // namespace switchyard
