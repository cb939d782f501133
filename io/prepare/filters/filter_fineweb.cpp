#include "io/prepare/filters/filter_rules.h"
#include "io/prepare/words/text_lines.h"

namespace switchyard::prepare {
namespace {

// Penedo et al. 2024, section 3.6. Lines that are blank do not count.
class FineWeb : public Filter {
 public:
  const char* name() const override { return "fineweb"; }

  FilterVerdict apply(std::string& text) const override {
    std::int64_t num_punctuated = 0, num_short = 0, num_breaks = 0;
    Repeats lines;
    for_each_line(text, [&](std::string_view line) {
      if (trimmed(line).empty()) return;
      lines.add(line);
      num_punctuated += ends_in_terminal_punctuation(line) ? 1 : 0;
      num_short += count_characters(line) <= 30 ? 1 : 0;
    });
    num_breaks = std::count(text.begin(), text.end(), '\n');
    const std::int64_t num_lines = lines.num_parts();
    return {first_broken(
        {at_least(0.12, "share of lines ending in punctuation", share(num_punctuated, num_lines)),
         at_most(0.67, "share of lines of at most 30 characters", share(num_short, num_lines)),
         at_most(0.01, "share of characters in repeated lines",
                 share(lines.repeated_characters(), count_characters(text) - num_breaks)),
         at_most(0.3, "line feeds per word", share(num_breaks, count_words(text)))})};
  }

 private:
  static std::int64_t count_words(std::string_view text) {
    TextWords words(text);
    std::int64_t count = 0;
    for (TextWord word; words.next(word);) ++count;
    return count;
  }
};

}  // namespace

std::unique_ptr<Filter> make_fineweb() { return std::make_unique<FineWeb>(); }

}  // namespace switchyard::prepare
