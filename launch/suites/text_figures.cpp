#include "launch/suites/text_figures.h"

#include <algorithm>
#include <map>
#include <set>

namespace switchyard::suites {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::vector<std::string> rouge_words(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    const char small = lower(c);
    if ((small >= 'a' && small <= 'z') || (small >= '0' && small <= '9')) {
      words.back() += small;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::map<std::vector<std::string>, int> n_grams(const std::vector<std::string>& words,
                                                std::size_t n) {
  std::map<std::vector<std::string>, int> counts;
  for (std::size_t i = 0; i + n <= words.size(); ++i) {
    ++counts[{words.begin() + static_cast<std::ptrdiff_t>(i),
              words.begin() + static_cast<std::ptrdiff_t>(i + n)}];
  }
  return counts;
}

double f1(double common, double of_text, double of_reference) {
  if (common == 0.0) return 0.0;
  const double precision = common / of_text, recall = common / of_reference;
  return 2.0 * precision * recall / (precision + recall);
}

bool is_vowel(char c) {
  return std::string_view("aeiouy").find(lower(c)) != std::string_view::npos;
}

}  // namespace

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && !is_space(text[i])) continue;
    if (i > begin) words.push_back(text.substr(begin, i - begin));
    begin = i + 1;
  }
  return words;
}

double distinct_share(const std::vector<std::string_view>& words, std::size_t n) {
  if (words.size() < n) return 1.0;
  std::set<std::vector<std::string_view>> seen;
  const std::size_t count = words.size() - n + 1;
  for (std::size_t i = 0; i < count; ++i) {
    seen.emplace(words.begin() + static_cast<std::ptrdiff_t>(i),
                 words.begin() + static_cast<std::ptrdiff_t>(i + n));
  }
  return static_cast<double>(seen.size()) / static_cast<double>(count);
}

double repeated_share(const std::vector<std::string_view>& words, std::size_t n) {
  return 1.0 - distinct_share(words, n);
}

int syllables_of(std::string_view word) {
  int groups = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    groups += is_vowel(word[i]) && (i == 0 || !is_vowel(word[i - 1])) ? 1 : 0;
  }
  const std::size_t size = word.size();
  const bool silent = size > 2 && lower(word[size - 1]) == 'e' && !is_vowel(word[size - 2]) &&
                      lower(word[size - 2]) != 'l';
  return std::max(1, groups - (silent ? 1 : 0));
}

double flesch_of(double words, double sentences, double syllables) {
  return 206.835 - 1.015 * (words / sentences) - 84.6 * (syllables / words);
}

double flesch(std::string_view text) {
  int words = 0, sentences = 0, syllables = 0;
  bool open = false;  // a sentence has words and no end yet
  for (const std::string_view part : words_of(text)) {
    std::string letters;
    for (const char c : part) {
      if (is_word(c)) letters += c;
    }
    if (!letters.empty()) {
      ++words;
      syllables += syllables_of(letters);
      open = true;
    }
    if (open && std::string_view(".!?").find(part.back()) != std::string_view::npos) {
      ++sentences;
      open = false;
    }
  }
  return words == 0 ? 0.0 : flesch_of(words, sentences + (open ? 1 : 0), syllables);
}

double rouge_n(std::string_view text, std::string_view reference, std::size_t n) {
  const auto of_text = n_grams(rouge_words(text), n), wanted = n_grams(rouge_words(reference), n);
  int common = 0, in_text = 0, in_reference = 0;
  for (const auto& [gram, count] : of_text) {
    in_text += count;
    const auto found = wanted.find(gram);
    if (found != wanted.end()) common += std::min(count, found->second);
  }
  for (const auto& [gram, count] : wanted) in_reference += count;
  return f1(common, in_text, in_reference);
}

double rouge_l(std::string_view text, std::string_view reference) {
  const std::vector<std::string> a = rouge_words(text), b = rouge_words(reference);
  std::vector<int> longest(b.size() + 1);  // of a's words so far and b's first ones
  for (const std::string& word : a) {
    int before = 0;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int above = longest[j];
      longest[j] = word == b[j - 1] ? before + 1 : std::max(longest[j], longest[j - 1]);
      before = above;
    }
  }
  return f1(longest.back(), static_cast<double>(a.size()), static_cast<double>(b.size()));
}

bool has_term(std::string_view text, std::string_view term) {
  for (std::size_t at = 0; (at = text.find(term, at)) != std::string_view::npos; ++at) {
    const std::size_t end = at + term.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) {
      return true;
    }
  }
  return false;
}

}  // namespace switchyard::suites
