// Figures of generated texts: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace switchyard::suites {

// The parts between white space.
std::vector<std::string_view> words_of(std::string_view text);

// The share of different n-grams among all n-grams of the words (Li et al. 2016); 1 if there is
// none.
double distinct_share(const std::vector<std::string_view>& words, std::size_t n);
// The share of n-grams that occurred before in the text: 1 - distinct_share.
double repeated_share(const std::vector<std::string_view>& words, std::size_t n);

// 206.835 - 1.015 words / sentences - 84.6 syllables / words (Flesch 1948). A sentence ends with a
// run of . ! or ?, and with the text. Syllables of a word are its groups of vowels, without a
// silent e at its end, and at least one; dictionaries count a little otherwise. 0 without words.
double flesch(std::string_view text);
double flesch_of(double words, double sentences, double syllables);
int syllables_of(std::string_view word);

// F1 of n-grams, and of the longest common subsequence (Lin 2004), as rouge-score 0.1.2 without a
// stemmer: words are runs of a-z and 0-9 after ASCII lower case. 0 if a text has none.
double rouge_n(std::string_view text, std::string_view reference, std::size_t n);
double rouge_l(std::string_view text, std::string_view reference);

// Whether the text has the term, not within a longer word: neither a letter, a digit nor an
// underscore of ASCII is beside it. Case counts.
bool has_term(std::string_view text, std::string_view term);

}  // namespace switchyard::suites
