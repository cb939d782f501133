// The tokenizer of a checkpoint of format version 1, which has it in its manifest, as base64 (RFC
// 4648).
#pragma once

#include <string>
#include <string_view>

namespace switchyard {

// What Tokenizer::serialized() gave. Errors: Exit::data for text that is not base64.
std::string decode_version_1_tokenizer(std::string_view base64);

}  // namespace switchyard
