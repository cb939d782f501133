#include <gtest/gtest.h>

#include <string>

#include "io/text/unicode.h"
#include "tests/sanitized.h"

namespace switchyard {
namespace repair_utf8_test {

const std::string replacement = "\xEF\xBF\xBD";

bool is_valid(std::string text) { return !repair_utf8(text); }

// How many strings are valid of those that begin with a byte of [first, last] and go on with
// `num_more` bytes of [low, 0xFF].
int count_valid(unsigned first, unsigned last, int num_more, unsigned low) {
  const unsigned choices = 0x100 - low;
  unsigned combinations = 1;
  for (int i = 0; i < num_more; ++i) combinations *= choices;
  int count = 0;
  for (unsigned lead = first; lead <= last; ++lead) {
    for (unsigned n = 0; n < combinations; ++n) {
      std::string text(1, static_cast<char>(lead));
      unsigned rest = n;
      for (int i = 0; i < num_more; ++i, rest /= choices) {
        text += static_cast<char>(low + rest % choices);
      }
      if (is_valid(text)) ++count;
    }
  }
  return count;
}

TEST(RepairUtf8, ValidSequencesAreAsManyAsCodePoints) {
  EXPECT_EQ(count_valid(0x00, 0xFF, 0, 0), 0x80);
  EXPECT_EQ(count_valid(0xC0, 0xFF, 1, 0), 0x800 - 0x80);
  EXPECT_EQ(count_valid(0xE0, 0xEF, 2, 0x70), 0x10000 - 0x800 - 0x800);  // without surrogates
  if (sanitized) {
    EXPECT_EQ(count_valid(0xF4, 0xF4, 3, 0x7F), 0x10000);
  } else {
    EXPECT_EQ(count_valid(0xF0, 0xF5, 3, 0x7F), 0x110000 - 0x10000);
  }
}

TEST(RepairUtf8, SurrogatesAndOverlongFormsAreInvalid) {
  EXPECT_FALSE(is_valid("\xED\xA0\x80"));
  EXPECT_FALSE(is_valid("\xC0\xAF"));
  EXPECT_FALSE(is_valid("\xF4\x90\x80\x80"));
}

TEST(RepairUtf8, FindsABadByteAnywhere) {
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      const std::string before(at, 'a'), after(size - at - 1, 'a');
      std::string text = before + '\xFF' + after;
      EXPECT_TRUE(repair_utf8(text));
      EXPECT_EQ(text, before + replacement + after);
    }
  }
}

TEST(RepairUtf8, EachByteOfABrokenSequenceIsReplaced) {
  std::string text = "\xE2\x82\xC3\xA9\xF0\x9F";
  EXPECT_TRUE(repair_utf8(text));
  EXPECT_EQ(text, replacement + replacement + "\xC3\xA9" + replacement + replacement);
}

TEST(RepairUtf8, ValidTextStaysAsItIs) {
  std::string text;
  for (std::size_t i = 0; i < 30; ++i) {
    text += std::string(i % 11, 'x') + "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  }
  const std::string before = text;
  EXPECT_FALSE(repair_utf8(text));
  EXPECT_EQ(text, before);
}

}  // namespace repair_utf8_test
}  // namespace switchyard
