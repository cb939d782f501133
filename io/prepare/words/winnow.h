// Winnowing: a few places of a text, chosen by its words alone, such that two texts that share a
// span share a chosen place in it (Schleimer, Wilkerson, Aiken 2003).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "io/files/hash.h"
#include "io/prepare/words/compared_text.h"

namespace switchyard::prepare {

inline constexpr std::uint32_t words_per_span = 50;
inline constexpr std::uint32_t words_per_seed = 25;

// A span has 26 runs of 25 words. Its seed is the one of the least hash: a function of the span's
// words and of nothing around them, so equal spans have equal seeds. In most texts some 13 spans in
// a row have the same.
struct Seed {
  std::uint64_t key;         // 64 bits of a hash of its words
  std::uint32_t first, end;  // the spans that begin at the words [first, end) have this seed
};

// The seeds of all spans of the text without a form feed inside, each once, in ascending order.
std::vector<Seed> find_seeds(const ComparedText& text);

// 128 bits, so that spans with equal hashes may count as equal.
ContentHash hash_of_words(std::span<const std::uint64_t> words);

}  // namespace switchyard::prepare
