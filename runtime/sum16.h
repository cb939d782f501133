// Sums whose order is fixed by the length alone: sixteen running sums, joined as a tree. They have
// the same bits at any vector width, because lane i always takes elements i, i + 16, i + 32, ...
#pragma once

#include <cstdint>

namespace switchyard {

template <class T>
inline T join16(const T (&lane)[16]) {
  T eight[8];
  for (int i = 0; i < 8; ++i) eight[i] = lane[i] + lane[i + 8];
  T four[4];
  for (int i = 0; i < 4; ++i) four[i] = eight[i] + eight[i + 4];
  return (four[0] + four[2]) + (four[1] + four[3]);
}

// The sum of value(i) over i in [0, count). It vectorises inside a SWITCHYARD_MULTIVERSION
// function.
template <class T, class Value>
inline __attribute__((always_inline)) T sum16(std::int64_t count, Value value) {
  T lane[16] = {};
  const std::int64_t whole = count / 16 * 16;
  for (std::int64_t i = 0; i < whole; i += 16) {
    for (int j = 0; j < 16; ++j) lane[j] += value(i + j);
  }
  for (std::int64_t i = whole; i < count; ++i) lane[i - whole] += value(i);
  return join16(lane);
}

}  // namespace switchyard
