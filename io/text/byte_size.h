// Sizes in bytes, as people write and read them.
#pragma once

#include <cstdint>
#include <string>

namespace switchyard {

// "512MiB", "2GiB", "1500MB" or plain bytes. Errors: Exit::usage naming `option`.
std::int64_t parse_byte_size(const std::string& text, const std::string& option);

// "3.21 GiB": three digits, in powers of 1024, as parse_byte_size reads them.
std::string bytes_in_words(std::int64_t bytes);

}  // namespace switchyard
