// Payload: the form in which rows travel. A row is rounded once, at its source, whether it leaves
// the rank or not, so that no layout changes a bit.
#pragma once

#include <cstdint>

#include "router/config.h"
#include "runtime/device/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

// Bytes of a travelling row; a multiple of 4.
std::int64_t payload_row_bytes(Payload payload, std::int64_t hidden);

// Tensor{}, as opposed to a tensor without elements: no index, no weights.
inline bool given(Tensor tensor) { return tensor.shape.num_dims() > 0; }

// Rows as they travel in f32.
inline Tensor as_bytes(Tensor rows) {
  return {rows.data, {rows.rows(), 4 * rows.cols()}, DType::u8, rows.device};
}

// out[i] = packed(in[from[i]]), or of in[i]. in: [n, hidden] f32; out: [rows, payload_row_bytes]
// u8; from: [rows] i32 or Tensor{}. A row that is not finite arrives as NaN where its payload
// cannot hold it.
void pack_rows(Payload payload, Tensor in, Tensor from, Tensor out, Stream& stream);

// out[to[i]] = in[from[i]] * weight[i]; each of from, to and weight may be Tensor{}: row i of in,
// of out, unscaled. Elements of `to` are distinct. in: u8 as packed; weight: f32; out: [n, hidden]
// f32.
void unpack_rows(Payload payload, Tensor in, Tensor from, Tensor weight, Tensor out, Tensor to,
                 Stream& stream);

}  // namespace switchyard
