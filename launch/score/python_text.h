// The text functions of Python that the prompts of lm-eval are made with. Texts are valid UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::tasks {

std::string_view strip_front(std::string_view text);      // without white space at its beginning
std::string_view strip(std::string_view text);            // without white space at both ends
std::size_t trailing_white_space(std::string_view text);  // in bytes
std::int64_t num_characters(std::string_view text);
// The first character in title case, the others in lower case.
std::string capitalize(std::string_view text);
// Every occurrence, from left to right; what was put in is not looked at again.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace switchyard::tasks
