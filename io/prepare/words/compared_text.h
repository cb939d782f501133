// ComparedText: a text and its words, ready to be searched for what repeats.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "io/prepare/words/words.h"

namespace switchyard::prepare {

struct ComparedText {
  explicit ComparedText(std::string given) : text(std::move(given)) {
    find_words(text, words);
    hashes.reserve(words.size());
    for (const Word& word : words) hashes.push_back(word.hash);
  }

  std::string text;
  std::vector<Word> words;
  std::vector<std::uint64_t> hashes;  // of the words
};

}  // namespace switchyard::prepare
