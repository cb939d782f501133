// Base64 (RFC 4648), for bytes that must stand in JSON.
#pragma once

#include <string>
#include <string_view>

namespace switchyard {

std::string to_base64(std::string_view bytes);
std::string from_base64(
    std::string_view text);  // Errors: Exit::data for anything that to_base64 does not write

}  // namespace switchyard
