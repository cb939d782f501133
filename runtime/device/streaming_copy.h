// Copies past the caches, for more than they hold: a line is written without being read first, and
// what is in the caches stays there.
#pragma once

#include <cstddef>

namespace switchyard {

// What one op writes from here on goes past the caches. Round trips with rows of 2 KiB through
// memory that two ranks share, medians of 20 in turns, two runs: with pieces of 1 MiB streaming
// took 1.24 and 1.05 of the time without it, of 2 MiB 0.84 and 0.67, of 4 MiB 0.73 and 0.69, of
// 8 MiB 0.75 and 0.70.
inline constexpr std::ptrdiff_t streaming_bytes = 3 << 19;

// `to` may have any alignment; without one to 16 bytes it is written like any other memory.
void copy_streaming(const void* from, void* to, std::size_t bytes);
// Before another thread or process reads what was streamed.
void finish_streaming();

}  // namespace switchyard
