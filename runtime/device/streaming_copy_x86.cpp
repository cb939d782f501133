// Uses instructions that every x86-64 has.
#include <emmintrin.h>

#include <cstdint>
#include <cstring>

#include "runtime/device/streaming_copy.h"

namespace switchyard {

void copy_streaming(const void* from, void* to, std::size_t bytes) {
  constexpr std::size_t line = 64;
  const std::size_t whole =
      reinterpret_cast<std::uintptr_t>(to) % sizeof(__m128i) == 0 ? bytes / line * line : 0;
  for (std::size_t i = 0; i < whole; i += line) {
    const auto* in = reinterpret_cast<const __m128i*>(static_cast<const char*>(from) + i);
    auto* out = reinterpret_cast<__m128i*>(static_cast<char*>(to) + i);
    const __m128i a = _mm_loadu_si128(in), b = _mm_loadu_si128(in + 1), c = _mm_loadu_si128(in + 2),
                  d = _mm_loadu_si128(in + 3);
    _mm_stream_si128(out, a);
    _mm_stream_si128(out + 1, b);
    _mm_stream_si128(out + 2, c);
    _mm_stream_si128(out + 3, d);
  }
  std::memcpy(static_cast<char*>(to) + whole, static_cast<const char*>(from) + whole,
              bytes - whole);
}

void finish_streaming() { _mm_sfence(); }

// GCC asks to write only for processors that surely can; others ignore this instruction.
void copy_requesting(const void* from, void* to, std::size_t bytes) {
  constexpr std::size_t line = 64, ahead = 4096;
  auto* next = static_cast<char*>(to) + ahead;
  for (std::size_t i = 0; i < bytes; i += line) asm volatile("prefetchw %0" : : "m"(next[i]));
  std::memcpy(to, from, bytes);
}

}  // namespace switchyard
