// Copies past the caches, for data that exceeds them: a line is written without being read first,
// and the caches keep what they hold.
#pragma once

#include <cstddef>

namespace switchyard {

// An op that writes at least this much streams. Measured as round trips of rows of 2 KiB through
// memory that two ranks share (medians of 20, alternating, two runs): streaming took 1.24 and 1.05
// of the time of ordinary copies with pieces of 1 MiB, 0.84 and 0.67 with 2 MiB, 0.73 and 0.69 with
// 4 MiB, 0.75 and 0.70 with 8 MiB.
inline constexpr std::ptrdiff_t streaming_bytes = 3 << 19;

// `to` may have any alignment; if it is not aligned to 16 bytes, this is an ordinary copy.
void copy_streaming(const void* from, void* to, std::size_t bytes);
// To be called before another thread or process reads what was streamed.
void finish_streaming();

// Copies a row and requests the lines of the rows after it, 4 KiB further on, from the cores whose
// caches have them. For rows that are written in order to where another core read before.
void copy_requesting(const void* from, void* to, std::size_t bytes);

}  // namespace switchyard
