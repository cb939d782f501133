#include "io/prepare/words/text_units.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "io/prepare/words/document.h"
#include "io/prepare/words/winnow.h"

namespace switchyard::prepare {
namespace {

ContentHash salted(const ContentHash& hash, Unit unit) {
  if (unit == Unit::line) return {hash.high ^ 0xA4093822299F31D0, hash.low ^ 0x082EFA98EC4E6C89};
  return {hash.high ^ 0x452821E638D01377, hash.low ^ 0xBE5466CF34E90C6C};
}

class UnitFinder {
 public:
  UnitFinder(Unit unit, const ComparedText& text) : unit_(unit), text_(text) {}

  // Bytes [begin, end) of the text, which end every unit.
  void read(std::size_t begin, std::size_t end) {
    const std::string_view text = std::string_view(text_.text).substr(0, end);
    while (begin < end) {
      const std::size_t page_end = std::min(text.find('\f', begin), end);
      read_page(text.substr(0, page_end), begin);
      begin = page_end + 1;
    }
  }

  std::vector<TextUnit> take() { return std::move(units_); }

 private:
  void read_page(std::string_view text, std::size_t begin) {
    std::size_t unit_begin = begin;
    while (begin < text.size()) {
      const std::size_t line_end = std::min(text.find('\n', begin), text.size() - 1) + 1;
      if (unit_ == Unit::line) {
        add(begin, line_end);
      } else if (is_blank(text.substr(begin, line_end - begin))) {
        add(unit_begin, begin);
        unit_begin = line_end;
      }
      begin = line_end;
    }
    if (unit_ == Unit::paragraph) add(unit_begin, begin);
  }

  void add(std::size_t begin, std::size_t end) {
    const auto& words = text_.words;
    while (next_word_ < words.size() && words[next_word_].begin < begin) ++next_word_;
    const std::size_t first = next_word_;
    while (next_word_ < words.size() && words[next_word_].begin < end) ++next_word_;
    if (next_word_ - first < words_per_unit) return;
    const auto hashes = std::span(text_.hashes).subspan(first, next_word_ - first);
    units_.push_back({{static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)},
                      salted(hash_of_words(hashes), unit_)});
  }

  Unit unit_;
  const ComparedText& text_;
  std::size_t next_word_ = 0;
  std::vector<TextUnit> units_;
};

}  // namespace

std::vector<TextUnit> find_units(Unit unit, const ComparedText& text,
                                 const std::vector<Cut>& cuts) {
  UnitFinder finder(unit, text);
  std::size_t begin = 0;
  for (const Cut& cut : cuts) {
    finder.read(begin, cut.begin);
    begin = cut.end;
  }
  finder.read(begin, text.text.size());
  return finder.take();
}

}  // namespace switchyard::prepare
