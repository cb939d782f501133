// Unicode behind one door: nothing outside unicode.cpp names a utf8proc function.
#pragma once

#include <string>
#include <string_view>

namespace switchyard {

// Puts U+FFFD in place of each byte that is part of no valid UTF-8 sequence. True if there was one.
bool repair_utf8(std::string& text);

// What two documents must share to count as the same: NFC and case folding, every run of white
// space as one space, none at the ends. Requires valid UTF-8.
std::string normalized(std::string_view text);

std::string unicode_version();  // of the library; its tables decide what normalized() returns

}  // namespace switchyard
