// Which cases the training texts hold.
#include <algorithm>
#include <unordered_map>

#include "io/prepare/words/words.h"
#include "io/text/unicode.h"
#include "launch/suites/cases.h"
#include "runtime/error.h"

namespace switchyard::suites {
namespace {

constexpr std::size_t longest_n_gram = 13, shortest_n_gram = 8;

using prepare::Word;

// A hash of the words [begin, begin + count).
std::uint64_t hash_of(const std::vector<Word>& words, std::size_t begin, std::size_t count) {
  std::uint64_t hash = count;
  for (std::size_t i = begin; i < begin + count; ++i) {
    hash = (hash ^ words[i].hash) * 0x9E3779B97F4A7C15U;
    hash ^= hash >> 29U;
  }
  return hash;
}

// What a model must know to be right: the texts and the right answer.
std::string text_of(const tasks::Row& row) {
  std::string text;
  for (const char* field : {"prompt", "text", "right"}) {
    if (row.has(field)) text += row.text(field) + " ";
  }
  if (row.has("choices") && row.has("answer")) {
    const std::vector<std::string> choices = row.texts("choices");
    text += choices[row.index("answer", choices.size())];
  }
  return text;
}

class Index {
 public:
  void add(CaseRow& one) {
    std::vector<Word> words;
    const std::string text = text_of(one.row);
    prepare::find_words(text, words);
    const std::size_t size = std::min(words.size(), longest_n_gram);
    if (size < shortest_n_gram) return;
    sizes_[size] = true;
    for (std::size_t i = 0; i + size <= words.size(); ++i) {
      cases_.emplace(hash_of(words, i, size), &one);
    }
  }
  void look_in(const std::string& text) {
    std::vector<Word> words;
    prepare::find_words(text, words);
    for (std::size_t size = shortest_n_gram; size <= longest_n_gram; ++size) {
      for (std::size_t i = 0; sizes_[size] && i + size <= words.size(); ++i) {
        const auto [first, last] = cases_.equal_range(hash_of(words, i, size));
        for (auto found = first; found != last; ++found) {
          found->second->labels["contaminated"] = "yes";
        }
      }
    }
  }

 private:
  std::unordered_multimap<std::uint64_t, CaseRow*> cases_;
  bool sizes_[longest_n_gram + 1] = {};
};

}  // namespace

void mark_contaminated(const Suite& suite, std::vector<TaskCases>& cases) {
  if (suite.training_texts.empty()) return;
  Index index;
  for (TaskCases& task : cases) {
    for (CaseRow& one : task.cases) {
      if (!one.labels.emplace("contaminated", "no").second) continue;  // its field says so
      index.add(one);
    }
  }
  for (const std::filesystem::path& file : suite.training_texts) {
    for (const tasks::Row& row : tasks::read_rows(file)) index.look_in(row.text("text"));
  }
}

}  // namespace switchyard::suites
