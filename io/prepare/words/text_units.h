// Lines and paragraphs of a text, and the keys by which they repeat.
#pragma once

#include <vector>

#include "io/files/hash.h"
#include "io/prepare/words/compared_text.h"
#include "io/prepare/words/cut.h"

namespace switchyard::prepare {

inline constexpr int words_per_unit = 5;  // shorter ones may repeat

enum class Unit { line, paragraph };

struct TextUnit {
  Cut bytes;        // to its end, the last line feed included
  ContentHash key;  // of the sequence of its words; those of lines and of paragraphs do not meet
};

// The units of at least five words, in ascending order. A line ends with a line feed, a paragraph
// before a line of white space; form feeds and `cuts`, which are sorted and disjoint, end both. So
// they are the ones of without(text, cuts).
std::vector<TextUnit> find_units(Unit unit, const ComparedText& text,
                                 const std::vector<Cut>& cuts = {});

}  // namespace switchyard::prepare
