// Chunks of tokens: how kernels on a CPU share tokens among threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "runtime/device/stream.h"

namespace switchyard {

// Tokens that a thread takes at a time; sums over tokens are sums over chunks.
inline constexpr std::int64_t token_chunk = 64;

// Calls body(first, last) for chunks of tokens, on the stream's threads.
template <class Body>
void for_chunks(std::int64_t tokens, Stream& stream, Body body) {
  parallel_for(stream, (tokens + token_chunk - 1) / token_chunk, [&](std::int64_t chunk) {
    body(chunk * token_chunk, std::min(tokens, (chunk + 1) * token_chunk));
  });
}

}  // namespace switchyard
