#include "io/prepare/words/words.h"

#include <gtest/gtest.h>
#include <utf8proc.h>
#include <xxhash.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "runtime/random.h"

namespace switchyard::prepare {
namespace words_test {

using namespace std::string_literals;

std::uint64_t hash_of(std::string word) {
  word.resize(std::max<std::size_t>(word.size(), 16), '\0');
  return XXH3_64bits(word.data(), word.size());
}

std::vector<std::uint64_t> hashes_of(const std::vector<std::string>& words) {
  std::vector<std::uint64_t> hashes;
  for (const std::string& each : words) hashes.push_back(hash_of(each));
  return hashes;
}

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  find_words(text, words);
  return words;
}

std::vector<std::uint64_t> found(std::string_view text) {
  std::vector<std::uint64_t> hashes;
  for (const Word& each : words_of(text)) hashes.push_back(each.hash);
  return hashes;
}

// Where the words stand, as the text has them.
std::vector<std::string> places(std::string_view text) {
  std::vector<std::string> parts;
  for (const Word& each : words_of(text)) {
    parts.emplace_back(text.substr(each.begin, each.end - each.begin));
  }
  return parts;
}

std::string utf8(char32_t code_point) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t size =
      utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

bool is_valid(char32_t code_point) { return code_point < 0xD800 || code_point > 0xDFFF; }

// Of the scripts without spaces, those that the random texts below use.
bool stands_alone(utf8proc_int32_t c) {
  return (c >= 0xE00 && c <= 0xEFF) || (c >= 0x1000 && c <= 0x109F) ||
         (c >= 0x1780 && c <= 0x17FF) || (c >= 0x3040 && c <= 0x30FF) ||
         (c >= 0x4E00 && c <= 0x9FFF);
}

// The definition read aloud, over the whole text at once.
std::vector<std::uint64_t> reference(const std::string& text) {
  utf8proc_uint8_t* raw = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()), std::ssize(text), &raw,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> folded(raw, &std::free);
  std::vector<std::uint64_t> hashes;
  std::string word;
  bool alone = false;
  const auto finish = [&] {
    if (!word.empty()) hashes.push_back(hash_of(word));
    word.clear();
  };
  for (utf8proc_ssize_t at = 0; at < size;) {
    utf8proc_int32_t c = 0;
    at += utf8proc_iterate(raw + at, size - at, &c);
    const char* category = utf8proc_category_string(c);
    if (category[0] != 'L' && category[0] != 'N' && category[0] != 'M') {
      finish();
    } else if (category[0] == 'M') {
      if (!word.empty()) word += utf8(static_cast<char32_t>(c));
    } else {
      const bool now_alone = category[0] == 'L' && stands_alone(c);
      if (alone || now_alone) finish();
      alone = now_alone;
      word += utf8(static_cast<char32_t>(c));
    }
  }
  finish();
  return hashes;
}

TEST(Words, CasePunctuationAndSpacingDoNotDistinguish) {
  const auto expected = hashes_of({"the", "cat", "sat", "x2"});
  EXPECT_EQ(found("the cat sat x2"), expected);
  EXPECT_EQ(found("  \"THE\" cat...SAT\r\n\t(X2)!"), expected);
  EXPECT_EQ(found("The_cat-sat/x2\0"s), expected);
}

TEST(Words, UnicodeFormsDoNotDistinguish) {
  EXPECT_EQ(found("caf\u00E9 na\u00EFve"), hashes_of({"caf\u00E9", "na\u00EFve"}));
  EXPECT_EQ(found("Cafe\u0301 NAI\u0308VE"), found("caf\u00E9 na\u00EFve"));
  EXPECT_EQ(found("\u1112\u1161\u11AB\u1100\u1173\u11AF"), hashes_of({"\uD55C\uAE00"}));
}

TEST(Words, FoldingMayChangeLengths) {
  EXPECT_EQ(found("Stra\u00DFe"), hashes_of({"strasse"}));
  EXPECT_EQ(found("\u0130stanbul"), hashes_of({"i\u0307stanbul"}));
  EXPECT_EQ(found("\uFB01sh"), hashes_of({"fish"}));
}

TEST(Words, PlacesAreBytesOfTheTextAsGiven) {
  EXPECT_EQ(places("One, tWO  Stra\u00DFe--Cafe\u0301."),
            (std::vector<std::string>{"One", "tWO", "Stra\u00DFe", "Cafe\u0301"}));
  EXPECT_EQ(places("a \u4E16\u754C\u3002b\u4E16"),
            (std::vector<std::string>{"a", "\u4E16", "\u754C", "b", "\u4E16"}));
}

TEST(Words, LettersOfScriptsWithoutSpacesStandAlone) {
  EXPECT_EQ(found("\u7B2C3\u7AE0"), hashes_of({"\u7B2C", "3", "\u7AE0"}));
  EXPECT_EQ(found("\u30AB\u3099\u304D"), hashes_of({"\u30AC", "\u304D"}));
  EXPECT_EQ(found("\u0E01\u0E35\u0E48\u0E02"), hashes_of({"\u0E01\u0E35\u0E48", "\u0E02"}));
  EXPECT_EQ(found("\u1780\u17B6\u1781"), hashes_of({"\u1780\u17B6", "\u1781"}));
}

TEST(Words, LettersOfScriptsWithSpacesDoNot) {
  EXPECT_EQ(found("\u041F\u0440\u0438\u0432\u0435\u0442, \u043C\u0438\u0440"),
            hashes_of({"\u043F\u0440\u0438\u0432\u0435\u0442", "\u043C\u0438\u0440"}));
  EXPECT_EQ(found("\u0939\u093F\u0928\u094D\u0926\u0940"),
            hashes_of({"\u0939\u093F\u0928\u094D\u0926\u0940"}));
}

TEST(Words, EmojiNulsAndReplacementCharactersSeparate) {
  EXPECT_EQ(found("a\0b"s), hashes_of({"a", "b"}));
  EXPECT_EQ(found("a\uFFFDb"), hashes_of({"a", "b"}));
  EXPECT_EQ(found("a\u2764\uFE0F\U0001F469\u200D\U0001F680b"), hashes_of({"a", "b"}));
}

TEST(Words, MarksOnNoLetterAreNoWord) {
  EXPECT_TRUE(found("=\u0338 \u0301 <\u0338 \u2764\uFE0F").empty());
}

TEST(Words, TextWithoutWordsHasNone) {
  EXPECT_TRUE(found("").empty());
  EXPECT_TRUE(found(" .,;\n"s + std::string(10000, '-')).empty());
}

TEST(Words, AnyLengthIsAWord) {
  for (const std::size_t length :
       {1UL, 15UL, 16UL, 17UL, 63UL, 64UL, 65UL, 4095UL, 4097UL, 300000UL}) {
    const std::string word(length, 'q');
    EXPECT_EQ(found("a " + word + " b"), hashes_of({"a", word, "b"})) << length;
    EXPECT_EQ(found(word), hashes_of({word})) << length;
  }
}

TEST(Words, NoEdgeDependsOnWhereTheTextIsCutIntoWindows) {
  for (std::size_t before = 4000; before < 4200; ++before) {
    const auto words = words_of(std::string(before, '.') + "alpha beta");
    ASSERT_EQ(words.size(), 2) << before;
    EXPECT_EQ(words[0].hash, hash_of("alpha"));
    EXPECT_EQ(words[1].begin, before + 6);
    EXPECT_EQ(words[1].end, before + 10);
  }
}

TEST(Words, AreAppended) {
  std::vector<Word> words = words_of("one");
  find_words("two", words);
  ASSERT_EQ(words.size(), 2);
  EXPECT_EQ(words[1].begin, 0);
}

TEST(Words, NoCodePointFoldsToTwoWords) {
  for (char32_t c = 0x80; c < 0x110000; ++c) {
    if (!is_valid(c)) continue;
    std::string text = utf8(c);
    text.insert(0, 1, ' ').push_back(' ');
    const std::vector<Word> words = words_of(text);
    ASSERT_LE(words.size(), 1) << std::hex << static_cast<std::uint32_t>(c);
    for (const Word& each : words) {
      ASSERT_EQ(each.begin, 1) << std::hex << static_cast<std::uint32_t>(c);
      ASSERT_EQ(each.end, text.size() - 1) << std::hex << static_cast<std::uint32_t>(c);
    }
  }
}

// Characters that meet in the random texts: of scripts, forms and classes that treat their
// neighbours differently.
constexpr char32_t alphabet[] = {
    'a',    'Z',    'e',    '7',     ' ',     '\n',    '.',     '<',     '=',     0,
    0xDF,   0xC9,   0xE9,   0x130,   0x149,   0x1C4,   0x300,   0x301,   0x307,   0x323,
    0x327,  0x338,  0x345,  0x344,   0x391,   0x1F84,  0x3C3,   0x3C2,   0x410,   0x439,
    0x5D0,  0x5B0,  0x627,  0x653,   0x915,   0x93C,   0x9C7,   0x9BE,   0xE01,   0xE35,
    0xE32,  0x1025, 0x102E, 0x1780,  0x17D2,  0x1100,  0x1161,  0x11A7,  0x11A8,  0xAC00,
    0xAC01, 0x3042, 0x30AB, 0x3099,  0x4E16,  0x3002,  0xFFFD,  0x200D,  0xFE0F,  0x2764,
    0xA0,   0x85,   0x2126, 0x1D15E, 0x1D160, 0x11099, 0x110BA, 0x10400, 0x1F600, 0xB2};

std::string random_text(const Random& random, std::uint64_t number) {
  std::string text;
  const std::uint64_t length = random.bits(number * 1000)[0] % 40;
  for (std::uint64_t i = 0; i < length; ++i) {
    text += utf8(alphabet[random.bits(number * 1000 + i + 1)[0] % std::size(alphabet)]);
  }
  return text;
}

TEST(Words, AreThoseOfTheDefinition) {
  const Random random(7, Purpose::init);
  for (std::uint64_t i = 0; i < 100000; ++i) {
    const std::string text = random_text(random, i);
    ASSERT_EQ(found(text), reference(text)) << i << ": " << text;
  }
}

// A trailing jamo without a leading one may share its place with marks of the word before.
bool has_trailing_jamo(std::string_view text) {
  for (const char32_t jamo : {0x1161, 0x11A7, 0x11A8}) {
    if (text.find(utf8(jamo)) != std::string_view::npos) return true;
  }
  return false;
}

TEST(Words, PlacesAreInOrderAndHoldTheWordAlone) {
  const Random random(8, Purpose::init);
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const std::string text = random_text(random, i);
    if (has_trailing_jamo(text)) continue;
    std::uint32_t before = 0;
    for (const Word& each : words_of(text)) {
      ASSERT_LE(before, each.begin);
      ASSERT_LT(each.begin, each.end);
      ASSERT_EQ(found(std::string_view(text).substr(each.begin, each.end - each.begin)),
                std::vector<std::uint64_t>{each.hash})
          << i << ": " << text;
      before = each.end;
    }
    ASSERT_LE(before, text.size());
  }
}

}  // namespace words_test
}  // namespace switchyard::prepare
