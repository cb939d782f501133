// The fast path of io/text/unicode.cpp for ASCII, which most text is.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace switchyard {

static_assert(std::endian::native == std::endian::little, "fold_eight takes byte 0 for the lowest");

inline constexpr std::array<char, 128> ascii_folds = [] {
  std::array<char, 128> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    const bool upper = i >= 'A' && i <= 'Z';
    const bool white = i == ' ' || (i >= '\t' && i <= '\r');
    table[i] = white ? ' ' : static_cast<char>(upper ? i + 0x20 : i);
  }
  return table;
}();

// Lower case of eight ASCII characters. False if their white space is more than single spaces,
// the character before them (`after_space`) considered.
inline bool fold_eight(std::uint64_t eight, bool after_space, std::uint64_t& folded) {
  constexpr std::uint64_t ones = 0x0101010101010101U, tops = 0x80 * ones;
  const std::uint64_t controls = ~(eight << 1 | eight << 2) & tops;  // neither bit 5 nor bit 6
  const std::uint64_t spaces = ~((eight ^ (' ' * ones)) + (0x7F * ones)) & tops;
  if (controls != 0 || (spaces & (spaces << 8 | (after_space ? 0x80 : 0))) != 0) return false;
  const std::uint64_t from_a = eight + (0x80 - 'A') * ones;
  const std::uint64_t beyond_z = eight + (0x7F - 'Z') * ones;
  folded = eight | (from_a & ~beyond_z & tops) >> 2;
  return true;
}

// Appends ASCII text in lower case, each run of white space as one space, and none at the beginning
// of the result or behind another. Eight characters at a time where that is easy.
inline void append_folded_ascii(std::string_view text, std::string& result) {
  const std::size_t before = result.size();
  bool after_space = before == 0 || result.back() == ' ';
  result.resize(before + text.size());
  char* out = result.data() + before;
  std::size_t next = 0;
  const auto take_until = [&](std::size_t end) {
    for (; next < end; ++next) {
      const char folded = ascii_folds[static_cast<unsigned char>(text[next])];
      *out = folded;
      out += folded == ' ' && after_space ? 0 : 1;
      after_space = folded == ' ';
    }
  };
  for (std::uint64_t eight, folded; next + sizeof eight <= text.size();) {
    std::memcpy(&eight, text.data() + next, sizeof eight);
    if (!fold_eight(eight, after_space, folded)) {
      take_until(next + sizeof eight);
      continue;
    }
    std::memcpy(out, &folded, sizeof folded);
    out += sizeof folded;
    next += sizeof eight;
    after_space = folded >> 56 == ' ';
  }
  take_until(text.size());
  result.resize(static_cast<std::size_t>(out - result.data()));
}

}  // namespace switchyard
