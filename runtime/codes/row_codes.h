// Row codes: a matrix that is trained as int8 codes with one f32 scale for each row, symmetric: a
// weight is code * scale. As torchao's int8 quantized training has it: the largest magnitude of a
// row has the code 127, so that encoding decoded weights changes nothing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "runtime/device/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

// codes: [rows, cols] i8; scales: [rows, 1] f32; both on the host.
struct RowCodes {
  Tensor codes, scales;
};

// Rounds a weight between two codes up with the probability by which it is nearer to the upper one:
// the expectation of the code is the weight. A function of the key and of the element's index in
// the matrix.
struct RoundingChance {
  std::array<std::uint32_t, 2> key;
};

// Encodes weights [rows, cols] f32: by chance, or to nearest, ties to even. Weights that are not
// finite make their row's scale NaN. Any number of threads gives the same bits.
void encode_rows(Tensor weights, const std::optional<RoundingChance>& chance, const RowCodes& out,
                 Stream& stream);
void decode_rows(const RowCodes& codes, Tensor weights, Stream& stream);

}  // namespace switchyard
