// Zstandard behind one door: nothing outside zstd_frames.cpp names a ZSTD function.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard {

// One frame that holds `raw`, its size and a checksum.
std::string compress(std::string_view raw, int level);

// The raw bytes of exactly one frame. Whatever `frame` claims, no more than `raw_bytes` are
// allocated, and nothing if a frame of its size cannot hold so many. Errors: Exit::data if it is
// damaged or does not hold exactly `raw_bytes`.
std::string decompress(std::string_view frame, std::int64_t raw_bytes);

}  // namespace switchyard
