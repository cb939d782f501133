// HubFile: a tokenizer.json, and what its neighbours and the user say of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace switchyard::hub {

struct HubFile {
  std::string tokenizer;         // the bytes of tokenizer.json
  std::string tokenizer_config;  // the bytes of tokenizer_config.json; empty: there was none
  std::string boundary;          // the text of the token that starts every document
  // Whether "<|im_end|>" in a text becomes that special token. Otherwise it is text as any other.
  bool parses_special_tokens = false;
};

// As one text, which begins as no SentencePiece model does, and back. The bytes of tokenizer.json
// stay what they are. Errors: Exit::data for a text that no serialized() made.
std::string serialized(const HubFile& file);
HubFile parse_hub_file(const std::string& text);
bool is_hub_file(const std::string& text);

// path: a tokenizer.json. boundary: the token to use; empty: the bos_token of tokenizer_config.json
// beside it, the bos_token_id of config.json, the token that the file itself puts before a text, or
// the eos_token of those two, whichever is there first. Errors: Exit::data where none is.
HubFile read_hub_file(const std::filesystem::path& path, const std::string& boundary,
                      bool parses_special_tokens);

}  // namespace switchyard::hub
