// For tests of the quality filters: texts that meet a rule to the character.
#pragma once

#include <string>

#include "io/prepare/filters/filters.h"

namespace switchyard::prepare {

// Why the filter drops `text`; "" if it stays.
inline std::string reason_of(const std::string& filter, std::string text) {
  return make_filter(filter)->apply(text).reason;
}

inline std::string times(int count, const std::string& part) {
  std::string text;
  for (int i = 0; i < count; ++i) text += part;
  return text;
}

// Another word of four letters for each number below 26^3.
inline std::string unique_word(int number) {
  std::string word = "q...";
  for (std::size_t i = 1; i < 4; ++i) {
    word[i] = static_cast<char>('a' + number % 26);
    number /= 26;
  }
  return word;
}

// So many different words with a space behind each.
inline std::string unique_words(int count, int first = 0) {
  std::string text;
  for (int i = 0; i < count; ++i) text += unique_word(first + i) + " ";
  return text;
}

// Made as long as asked for by one more word.
inline std::string padded_to(std::size_t characters, std::string text) {
  text.resize(characters, 'z');
  return text;
}

}  // namespace switchyard::prepare
