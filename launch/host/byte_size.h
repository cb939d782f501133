// Sizes as people write them.
#pragma once

#include <cstdint>
#include <string>

namespace switchyard {

// "512MiB", "2GiB", "1500MB" or plain bytes. Errors: Exit::usage naming `option`.
std::int64_t parse_byte_size(const std::string& text, const std::string& option);

// "3.2 GB", with powers of ten.
std::string byte_size_text(double bytes);

}  // namespace switchyard
