#include "io/prepare/words/text_lines.h"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>

#include "io/files/hash.h"
#include "io/text/unicode.h"
#include "runtime/hd.h"

namespace switchyard::prepare {
namespace {

// The classes of an ASCII character, as bits; 0 for a symbol.
enum : std::uint8_t { white_space = 1, letter = 2, digit = 4, joiner = 8, not_ascii = 16 };

constexpr std::array<std::uint8_t, 256> make_kinds() {
  std::array<std::uint8_t, 256> kinds{};
  for (unsigned c = '\t'; c <= '\r'; ++c) kinds[c] = white_space;
  kinds[' '] = white_space;
  for (unsigned c = 'a'; c <= 'z'; ++c) kinds[c] = kinds[c - 'a' + 'A'] = letter;
  for (unsigned c = '0'; c <= '9'; ++c) kinds[c] = digit;
  for (const char c : {'\'', '.', '_'}) kinds[static_cast<unsigned char>(c)] = joiner;
  for (unsigned c = 0x80; c < 0x100; ++c) kinds[c] = not_ascii;
  return kinds;
}
constexpr std::array<std::uint8_t, 256> kinds_of_bytes = make_kinds();

std::uint8_t kind_of_byte(char byte) { return kinds_of_bytes[static_cast<unsigned char>(byte)]; }

struct Step {
  std::uint8_t kind = 0;
  std::size_t bytes = 0;
};

Step step_beyond_ascii(std::string_view text) {
  const Character character = first_character(text);
  if (character.code_point == 0x2019) return {joiner, character.bytes};  // the other apostrophe
  switch (character.kind) {
    case CharacterKind::white_space:
      return {white_space, character.bytes};
    case CharacterKind::letter:
      return {letter, character.bytes};
    case CharacterKind::digit_or_mark:
      return {digit, character.bytes};
    case CharacterKind::other:
      break;
  }
  return {0, character.bytes};
}

// The character that `text` starts with; none of zero bytes if it is empty.
inline Step first_step(std::string_view text) {
  if (text.empty()) return {};
  const std::uint8_t kind = kind_of_byte(text.front());
  return kind == not_ascii ? step_beyond_ascii(text) : Step{kind, 1};
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80; }

std::size_t bytes_of_last_character(std::string_view text) {
  std::size_t bytes = 1;
  while (bytes < text.size() && is_continuation(text[text.size() - bytes])) ++bytes;
  return bytes;
}

struct Range {
  char32_t first, last;
};

// Sentence_Terminal of Unicode 15.
constexpr Range sentence_terminals[] = {
    {0x21, 0x21},       {0x2E, 0x2E},       {0x3F, 0x3F},       {0x589, 0x589},
    {0x61D, 0x61F},     {0x6D4, 0x6D4},     {0x700, 0x702},     {0x7F9, 0x7F9},
    {0x837, 0x837},     {0x839, 0x839},     {0x83D, 0x83E},     {0x964, 0x965},
    {0x104A, 0x104B},   {0x1362, 0x1362},   {0x1367, 0x1368},   {0x166E, 0x166E},
    {0x1735, 0x1736},   {0x17D4, 0x17D6},   {0x17D9, 0x17DA},   {0x1803, 0x1803},
    {0x1809, 0x1809},   {0x1944, 0x1945},   {0x1AA8, 0x1AAB},   {0x1B5A, 0x1B5B},
    {0x1B5E, 0x1B5F},   {0x1B7D, 0x1B7E},   {0x1C3B, 0x1C3C},   {0x1C7E, 0x1C7F},
    {0x203C, 0x203D},   {0x2047, 0x2049},   {0x2E2E, 0x2E2E},   {0x2E3C, 0x2E3C},
    {0x2E53, 0x2E54},   {0x3002, 0x3002},   {0xA4FF, 0xA4FF},   {0xA60E, 0xA60F},
    {0xA6F3, 0xA6F3},   {0xA6F7, 0xA6F7},   {0xA876, 0xA877},   {0xA8CE, 0xA8CF},
    {0xA92F, 0xA92F},   {0xA9C8, 0xA9C9},   {0xAA5D, 0xAA5F},   {0xAAF0, 0xAAF1},
    {0xABEB, 0xABEB},   {0xFE52, 0xFE52},   {0xFE56, 0xFE57},   {0xFF01, 0xFF01},
    {0xFF0E, 0xFF0E},   {0xFF1F, 0xFF1F},   {0xFF61, 0xFF61},   {0x10A56, 0x10A57},
    {0x10F55, 0x10F59}, {0x10F86, 0x10F89}, {0x11047, 0x11048}, {0x110BE, 0x110C1},
    {0x11141, 0x11143}, {0x111C5, 0x111C6}, {0x111CD, 0x111CD}, {0x111DE, 0x111DF},
    {0x11238, 0x11239}, {0x1123B, 0x1123C}, {0x112A9, 0x112A9}, {0x1144B, 0x1144C},
    {0x115C2, 0x115C3}, {0x115C9, 0x115D7}, {0x11641, 0x11642}, {0x1173C, 0x1173E},
    {0x11944, 0x11944}, {0x11946, 0x11946}, {0x11A42, 0x11A43}, {0x11A9B, 0x11A9C},
    {0x11C41, 0x11C42}, {0x11EF7, 0x11EF8}, {0x11F43, 0x11F44}, {0x16A6E, 0x16A6F},
    {0x16AF5, 0x16AF5}, {0x16B37, 0x16B38}, {0x16B44, 0x16B44}, {0x16E98, 0x16E98},
    {0x1BC9F, 0x1BC9F}, {0x1DA88, 0x1DA88}};

// Bit 7 of each byte: whether it is ASCII from `first` to `last`.
std::uint64_t bytes_between(std::uint64_t bytes, unsigned char first, unsigned char last) {
  constexpr std::uint64_t ones = 0x0101010101010101U, high = 0x80 * ones;
  const std::uint64_t low = bytes & ~high;
  return (low + (0x80U - first) * ones) & ~(low + (0x7FU - last) * ones) & ~bytes & high;
}

struct AsciiRun {
  std::size_t bytes = 0;
  bool has_letter = false;
};

// The ASCII letters and digits that `text` starts with. Eight at a time, which is all of most
// words, so that the processor has no branch to mispredict.
AsciiRun ascii_run(std::string_view text) {
  constexpr std::uint64_t lower = 0x2020202020202020U, high = 0x8080808080808080U;
  AsciiRun run;
  for (int length = 8; length == 8;) {
    const std::uint64_t bytes = first_bytes(text.substr(run.bytes));
    const std::uint64_t letters = bytes_between(bytes | lower, 'a', 'z');
    const std::uint64_t others = ~(letters | bytes_between(bytes, '0', '9')) & high;
    length = std::countr_zero(others) / 8;
    run.has_letter |= (letters & (others - 1)) != 0;  // before the first of the others
    run.bytes += static_cast<std::size_t>(length);
  }
  return run;
}

// Requires a letter, digit or mark at the front.
TextWord word_at(std::string_view text) {
  TextWord word;
  std::size_t end = 0;
  for (;;) {
    const AsciiRun run = ascii_run(text.substr(end));
    end += run.bytes;
    word.characters += static_cast<std::uint32_t>(run.bytes);
    word.has_letter |= run.has_letter;

    const Step step = first_step(text.substr(end));
    bool belongs = (step.kind & (letter | digit)) != 0;
    if (step.kind == joiner) {
      belongs = (first_step(text.substr(end + step.bytes)).kind & (letter | digit)) != 0;
    }
    if (!belongs) break;
    end += step.bytes;
    word.characters += 1;
    word.has_letter |= step.kind == letter;
  }
  word.text = text.substr(0, end);
  return word;
}

TextWord symbol_at(std::string_view text, std::size_t bytes) {
  TextWord word{.text = {}, .is_symbol = true};
  std::size_t end = 0;
  do {
    end += bytes;
    ++word.characters;
  } while (end < text.size() && text[end] == text[0] &&
           text.substr(end, bytes) == text.substr(0, bytes));
  word.text = text.substr(0, end);
  return word;
}

}  // namespace

SWITCHYARD_MULTIVERSION
std::int64_t count_characters(std::string_view text) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    count += (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80 ? 1 : 0;
  }
  return count;
}

std::string_view trimmed(std::string_view text) {
  for (Step step; (step = first_step(text)).kind == white_space;) text.remove_prefix(step.bytes);
  while (!text.empty()) {
    const std::size_t bytes = bytes_of_last_character(text);
    if (first_step(text.substr(text.size() - bytes)).kind != white_space) break;
    text.remove_suffix(bytes);
  }
  return text;
}

std::string_view take_run(std::string_view& text) {
  Step step;
  while ((step = first_step(text)).kind == white_space) text.remove_prefix(step.bytes);
  const std::string_view start = text;
  while (!text.empty() && (step = first_step(text)).kind != white_space) {
    text.remove_prefix(step.bytes);
  }
  return start.substr(0, start.size() - text.size());
}

bool ends_in_terminal_punctuation(std::string_view text) {
  if (text.empty()) return false;
  const std::size_t bytes = bytes_of_last_character(text);
  const char32_t last = first_character(text.substr(text.size() - bytes)).code_point;
  const Range* const range =
      std::lower_bound(std::begin(sentence_terminals), std::end(sentence_terminals), last,
                       [](const Range& a, char32_t code_point) { return a.last < code_point; });
  return range != std::end(sentence_terminals) && range->first <= last;
}

bool TextWords::next(TextWord& word) {
  Step step;
  while ((step = first_step(rest_)).kind == white_space) rest_.remove_prefix(step.bytes);
  if (rest_.empty()) return false;
  word = (step.kind & (letter | digit)) != 0 ? word_at(rest_) : symbol_at(rest_, step.bytes);
  rest_.remove_prefix(word.text.size());
  return true;
}

void Repeats::add(std::string_view part) {
  ++num_parts_;
  const std::uint32_t num_seen = seen_.size();
  if (seen_.insert(content_hash(part).low) == num_seen) return;
  ++num_repeated_;
  repeated_characters_ += count_characters(part);
}

}  // namespace switchyard::prepare
