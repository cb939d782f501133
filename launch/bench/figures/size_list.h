// Lists of sizes on a command line: "256,1024", and ranges as "256:65536:x2" or "8:64:+8".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace switchyard::bench {

// Returns the sizes that a list without commas names: a number, or a range from the first to the
// last number, each the one before times or plus what the third part says; the range ends at or
// before its last number. Errors: Exit::usage for anything else, for sizes outside [low, high], and
// for more than 1,000 sizes.
std::vector<std::int64_t> sizes_of(const std::string& text, std::int64_t low, std::int64_t high);

}  // namespace switchyard::bench
