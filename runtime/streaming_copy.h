// Copies past the caches, for more than they hold: a line is written without being read first, and
// what is in the caches stays there.
#pragma once

#include <cstddef>

namespace switchyard {

// What one op writes from here on leaves a core's share of the last cache before it is read again.
// From one run on a busy machine with rows of 2 KiB: at 4 MiB streaming took 0.65 of the time, at 1
// to 2 MiB more than plain copies. To be measured again on a quiet one.
inline constexpr std::ptrdiff_t streaming_bytes = 3 << 20;

// `to` may have any alignment; without one to 16 bytes it is written like any other memory.
void copy_streaming(const void* from, void* to, std::size_t bytes);
// Before another thread or process reads what was streamed.
void finish_streaming();

}  // namespace switchyard
