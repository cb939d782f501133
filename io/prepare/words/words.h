// Words: what near-duplicates, filters and spans count, and their places in the text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace switchyard::prepare {

// A maximal run of letters and numbers, with the marks on them, of the text after NFC and case
// folding; a letter of a script without spaces between words (ideographs, kana, Thai, Lao, Khmer,
// Myanmar and their like) is, with its marks, a separate word. Punctuation, symbols and white
// space separate. So texts that differ only in case, punctuation, spacing or Unicode form have the
// same words.
struct Word {
  std::uint64_t hash;  // XXH3's 64 bits over the folded word, which zeros fill up to 16 bytes
  std::uint32_t begin,
      end;  // its bytes in the text as given; words are in order and do not overlap
};

// Appends the words of `text` (valid UTF-8, below 4 GiB) to `words`.
void find_words(std::string_view text, std::vector<Word>& words);

}  // namespace switchyard::prepare
