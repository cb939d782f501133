// Payload: the form in which rows travel. A row is rounded once, at its source, whether it leaves
// the rank or not, so that no layout changes a bit.
#pragma once

#include <cstdint>

#include "router/config.h"
#include "runtime/device/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

// An int8 row begins with its scale; its codes follow from this byte on.
inline constexpr std::int64_t int8_codes_begin = sizeof(float);

// Bytes of a travelling row; a multiple of 4.
std::int64_t payload_row_bytes(Payload payload, std::int64_t hidden);

// False for Tensor{}, which means "no index" or "no weights"; true for a tensor without elements.
inline bool given(Tensor tensor) { return tensor.shape.num_dims() > 0; }

// Rows of f32 in the form in which payload f32 packs them.
inline Tensor as_bytes(Tensor rows) {
  return {rows.data, {rows.rows(), 4 * rows.cols()}, DType::u8, rows.device};
}

// out[i] = packed(in[from[i]]), or packed(in[i]) without `from`. in: [n, hidden] f32; out: [rows,
// payload_row_bytes] u8; from: [rows] i32 or Tensor{}. A row that is not finite arrives as NaN
// where its payload cannot hold it.
void pack_rows(Payload payload, Tensor in, Tensor from, Tensor out, Stream& stream);

// out[to[i]] = in[from[i]] * weight[i]. Each of from, to and weight may be Tensor{}, which means
// row i of in, row i of out, and no scaling. Elements of `to` are distinct. in: u8 as packed;
// weight: f32; out: [n, hidden] f32.
void unpack_rows(Payload payload, Tensor in, Tensor from, Tensor weight, Tensor out, Tensor to,
                 Stream& stream);

}  // namespace switchyard
