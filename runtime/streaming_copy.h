// Copies past the caches, for more than they hold: a line is written without being read first, and
// what is in the caches stays there.
#pragma once

#include <cstddef>

namespace switchyard {

// What one op writes from here on leaves a core's share of the last cache before it is read again.
// Round trips with rows of 2 KiB on two ranks, medians of three runs in turns, noisy: with pieces
// of 8 and 32 MiB streaming took 0.80 and 0.72 of the flat exchange's time without it, 1.14
// and 1.08 of the shared-memory one's, whose readers share the cache.
inline constexpr std::ptrdiff_t streaming_bytes = 3 << 20;

// `to` may have any alignment; without one to 16 bytes it is written like any other memory.
void copy_streaming(const void* from, void* to, std::size_t bytes);
// Before another thread or process reads what was streamed.
void finish_streaming();

}  // namespace switchyard
