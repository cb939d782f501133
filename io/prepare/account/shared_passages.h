// Shared passages: the longest runs of words that two texts have in common.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::prepare {

struct SharedPassage {
  std::int64_t num_words = 0;
  std::string text;  // as the first text has it
};

// Up to `most` passages, the longest first, none within another, each of at least five words
// (fewer if one of the texts has no more). Compares the first million words of each text.
std::vector<SharedPassage> shared_passages(std::string_view first, std::string_view second,
                                           std::int64_t most);

}  // namespace switchyard::prepare
