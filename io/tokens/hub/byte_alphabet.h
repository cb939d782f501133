// The characters by which byte-level tokenizers write bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::hub {

// The visible character of each byte (GPT-2, Radford et al. 2019), in UTF-8: itself if it is
// printable in Latin-1, otherwise the next one from U+0100 on.
const std::vector<std::string>& visible_bytes();

// The bytes that `text` spells; nothing if it has another character.
std::optional<std::string> bytes_of_visible(std::string_view text);

// The byte that SentencePiece and its kin write as <0x0A>; nothing if the text is none.
std::optional<unsigned char> byte_of_piece(std::string_view text);

}  // namespace switchyard::hub
