// Seeded damage to texts: what a robust model reads almost as well.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::suites {

struct Corruption {
  enum class Kind : std::uint8_t { typos, letter_case, shuffle };
  Kind kind = Kind::typos;
  double rate = 1.0;   // of the ASCII letters; shuffle has none
  std::string name{};  // as the suite has it: "typos:0.05", "case", "shuffle"
  bool operator==(const Corruption&) const = default;
};

// "typos:RATE" with 0 < RATE <= 1: a letter is left out, doubled, exchanged with the next one or
// replaced by another, each as often. "case" or "case:RATE": the other case. "shuffle": the words
// in another order, with the white space between them as it is. Errors: Exit::usage for any other
// text, with these; it names no file.
Corruption parse_corruption(const std::string& text);

// A function of (text, id, seed) alone; letters are those of ASCII, so that UTF-8 stays valid.
std::string corrupted(std::string_view text, const Corruption& corruption, std::string_view id,
                      std::uint64_t seed);

}  // namespace switchyard::suites
