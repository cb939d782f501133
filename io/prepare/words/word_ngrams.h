// WordNgrams: the word n-grams of one text that come more than once in it, for growing n.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "io/prepare/words/numbered_keys.h"

namespace switchyard::prepare {

// Only an n-gram whose two (n-1)-grams repeat can repeat, so that past the first step only the
// repetitive part of a text costs time: O(words) for each n, next to nothing in most texts.
class WordNgrams {
 public:
  explicit WordNgrams(std::string_view text);  // n = 1, of the words of text_lines.h

  void lengthen();  // n + 1

  // Characters of the most frequent n-gram, words joined by a space, times how often it comes. The
  // first of the most frequent counts. 0 for fewer than n words.
  std::int64_t top_characters() const;

  // Characters of the n-grams, spaces not counted, that came before, going from left to right and
  // on from the end of each such n-gram.
  std::int64_t repeated_characters() const;

 private:
  void drop_most_single();
  void group();

  std::int64_t num_words() const { return static_cast<std::int64_t>(ends_.size()) - 1; }
  std::int64_t characters_at(std::uint32_t word) const { return ends_[word + n_] - ends_[word]; }

  std::uint32_t n_ = 1;
  std::vector<std::uint32_t> ends_ = {0};  // characters of the first i words
  std::vector<std::uint64_t> hashes_;      // of the n-gram at each word of starts_
  std::vector<std::uint32_t> starts_;      // words at which a repeated n-gram starts, ascending
  std::vector<std::uint32_t> groups_;      // for each of starts_: equal n-grams have the same
  std::vector<std::uint32_t> counts_;      // how many n-grams each group has
  NumberedKeys numbers_;
};

}  // namespace switchyard::prepare
