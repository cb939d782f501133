// Shingles: the set of a document's word 5-grams, and how similar two such sets are.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "io/prepare/words/words.h"

namespace switchyard::prepare {

inline constexpr std::int64_t words_per_shingle = 5;

// 64-bit hashes of the word 5-grams, sorted, each once. Empty for fewer than five words.
std::vector<std::uint64_t> shingles_of(std::span<const Word> words);
std::vector<std::uint64_t> shingles_of(std::string_view text);

// Appends the same hashes in the order of the text, repeated ones repeated: enough for MinHash.
void append_shingles(std::span<const Word> words, std::vector<std::uint64_t>& shingles);

// |a and b| / |a or b| of two sorted sets; 0 if either is empty.
double jaccard(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b);

}  // namespace switchyard::prepare
