// For tests of the cut stage: the same cuts by brute force, and texts in which much repeats.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "io/prepare/words/cut.h"
#include "io/prepare/words/words.h"

namespace switchyard::prepare {

using WordHashes = std::vector<std::uint64_t>;

inline std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  find_words(text, words);
  return words;
}

inline WordHashes hashes_of(const std::vector<Word>& words, std::size_t begin, std::size_t end) {
  WordHashes hashes;
  for (std::size_t i = begin; i < end; ++i) hashes.push_back(words[i].hash);
  return hashes;
}

// One kind of search; texts are given in their order, and what was seen stays seen.
class BruteSpans {
 public:
  std::vector<Cut> operator()(const std::string& text) {
    const std::vector<Word> words = words_of(text);
    std::vector<bool> goes(words.size());
    for (std::size_t i = 0; i + 50 <= words.size(); ++i) {
      const std::string_view span =
          std::string_view(text).substr(words[i].begin, words[i + 49].end - words[i].begin);
      if (span.find('\f') != std::string_view::npos) continue;
      if (seen_.insert(hashes_of(words, i, i + 50)).second) continue;
      std::fill_n(goes.begin() + static_cast<std::ptrdiff_t>(i), 50, true);
    }
    std::vector<Cut> cuts;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (!goes[i]) continue;
      if (i == 0 || !goes[i - 1]) cuts.push_back({words[i].begin, 0});
      cuts.back().end = words[i].end;
    }
    return cuts;
  }

 private:
  std::set<WordHashes> seen_;
};

class BruteUnits {
 public:
  explicit BruteUnits(bool paragraphs) : paragraphs_(paragraphs) {}

  std::vector<Cut> operator()(const std::string& text) {
    std::vector<Cut> cuts;
    std::size_t unit = 0, line = 0;  // where they begin
    const auto end_unit = [&](std::size_t end, std::size_t next) {
      const std::vector<Word> words = words_of(std::string_view(text).substr(unit, end - unit));
      if (words.size() >= 5 && !seen_.insert(hashes_of(words, 0, words.size())).second) {
        cuts.push_back({static_cast<std::uint32_t>(unit), static_cast<std::uint32_t>(end)});
      }
      unit = next;
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\f') {
        end_unit(i, i + 1);
        line = i + 1;
      } else if (text[i] == '\n') {
        const bool blank =
            text.substr(line, i - line).find_first_not_of(" \t\r") == std::string::npos;
        if (!paragraphs_) end_unit(i + 1, i + 1);
        if (paragraphs_ && blank) end_unit(line, i + 1);
        line = i + 1;
      }
    }
    end_unit(text.size(), text.size());
    return united(cuts);
  }

 private:
  bool paragraphs_;
  std::set<WordHashes> seen_;
};

// Phrases of a few words, put together from few, so that lines, paragraphs and spans repeat, some
// across the borders of phrases.
inline std::vector<std::string> repetitive_texts(unsigned seed, int count) {
  std::mt19937 random(seed);
  const auto below = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };
  std::vector<std::string> phrases;
  for (const unsigned words : {2U, 4U, 5U, 6U, 9U, 17U, 30U, 49U, 50U, 51U, 80U}) {
    std::string& phrase = phrases.emplace_back();
    for (unsigned i = 0; i < words; ++i) {
      phrase += (i > 0 ? " " : "") + std::string(1, static_cast<char>('a' + below(3)));
    }
  }
  const std::vector<std::string> ends = {" ",  " ",    ". ",   ", ",   "\n",
                                         "\n", "\r\n", "\n\n", " \f ", "\n\f\n"};
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) {
    std::string& text = texts.emplace_back();
    for (unsigned n = 1 + below(14); n > 0; --n) {
      text += phrases[below(static_cast<unsigned>(phrases.size()))];
      if (below(4) == 0) text += " x" + std::to_string(below(1000));
      text += ends[below(static_cast<unsigned>(ends.size()))];
    }
  }
  return texts;
}

}  // namespace switchyard::prepare
