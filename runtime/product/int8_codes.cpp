#include "runtime/product/int8_codes.h"

#include <algorithm>
#include <array>

#include "runtime/hd.h"
#include "runtime/rounding.h"

namespace switchyard {
namespace {

// largest[i] = the larger of largest[i] and the magnitude of row[i].
SWITCHYARD_MULTIVERSION
void take_largest(const float* row, std::int64_t count, std::uint32_t* largest) {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint32_t magnitude = magnitude_bits(row[i]);
    largest[i] = magnitude > largest[i] ? magnitude : largest[i];
  }
}

SWITCHYARD_MULTIVERSION
std::uint32_t largest_along(const float* line, std::int64_t k) {
  std::uint32_t largest = 0;
  for (std::int64_t i = 0; i < k; ++i) {
    const std::uint32_t magnitude = magnitude_bits(line[i]);
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest;
}

// Rounds along a line, whose elements share a scale, or across lines, each with its own scale.
// The conversion to 8 bits keeps the codes of NaNs in range.
SWITCHYARD_MULTIVERSION
void round_along(const float* in, std::int64_t count, float inverse, std::int8_t* codes) {
  for (std::int64_t i = 0; i < count; ++i) {
    codes[i] = static_cast<std::int8_t>(int8_code(in[i], inverse));
  }
}

SWITCHYARD_MULTIVERSION
void round_along(const float* in, std::int64_t count, float inverse, std::int16_t* codes) {
  for (std::int64_t i = 0; i < count; ++i) {
    codes[i] = static_cast<std::int8_t>(int8_code(in[i], inverse));
  }
}

SWITCHYARD_MULTIVERSION
void round_across(const float* in, std::int64_t count, const float* inverse, std::int8_t* codes) {
  for (std::int64_t i = 0; i < count; ++i) {
    codes[i] = static_cast<std::int8_t>(int8_code(in[i], inverse[i]));
  }
}

// For lines whose elements lie far apart: reads rows along the lines, a tile at a time, and
// transposes them.
template <class Code>
void encode_across(const OperandLines& in, std::int64_t begin, std::int64_t count, Code* codes,
                   float* scales) {
  constexpr std::int64_t tile_rows = 32;
  std::array<std::uint32_t, int8_lines> largest{};
  std::array<float, int8_lines> inverse{};
  const float* first = in.data + begin;
  for (std::int64_t i = 0; i < in.k; ++i) {
    take_largest(first + i * in.k_stride, count, largest.data());
  }
  for (std::int64_t line = 0; line < count; ++line) {
    const Int8Scale scale = int8_scale(largest[static_cast<std::size_t>(line)]);
    scales[begin + line] = scale.scale;
    inverse[static_cast<std::size_t>(line)] = scale.inverse;
  }
  std::int8_t tile[tile_rows * int8_lines];
  for (std::int64_t k = 0; k < in.k; k += tile_rows) {
    const std::int64_t rows = std::min(tile_rows, in.k - k);
    for (std::int64_t i = 0; i < rows; ++i) {
      round_across(first + (k + i) * in.k_stride, count, inverse.data(), tile + i * int8_lines);
    }
    for (std::int64_t line = 0; line < count; ++line) {
      Code* to = codes + (begin + line) * in.k + k;
      for (std::int64_t i = 0; i < rows; ++i) to[i] = tile[i * int8_lines + line];
    }
  }
}

template <class Code>
float encode_along(const float* line, std::int64_t k, Code* codes) {
  const Int8Scale scale = int8_scale(largest_along(line, k));
  round_along(line, k, scale.inverse, codes);
  return scale.scale;
}

template <class Code>
void encode(const OperandLines& in, Code* codes, float* scales, Stream& stream) {
  parallel_for(stream, (in.count + int8_lines - 1) / int8_lines, [&](std::int64_t unit) {
    const std::int64_t begin = unit * int8_lines;
    const std::int64_t count = std::min(int8_lines, in.count - begin);
    if (in.k_stride != 1) {
      encode_across(in, begin, count, codes, scales);
      return;
    }
    for (std::int64_t line = begin; line < begin + count; ++line)
      scales[line] = encode_along(in.data + line * in.line_stride, in.k, codes + line * in.k);
  });
}

}  // namespace

float encode_int8_line(const float* line, std::int64_t count, std::int8_t* codes) {
  return encode_along(line, count, codes);
}

void encode_int8(const OperandLines& in, std::int8_t* codes, float* scales, Stream& stream) {
  encode(in, codes, scales, stream);
}

void encode_int8(const OperandLines& in, std::int16_t* codes, float* scales, Stream& stream) {
  encode(in, codes, scales, stream);
}

}  // namespace switchyard
