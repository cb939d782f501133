#include "router/payload.h"

#include "router/row_ops.h"
#include "runtime/device/trace.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

void check_packed(Payload payload, Tensor packed, Tensor plain) {
  require(packed.empty() || packed.cols() == payload_row_bytes(payload, plain.cols()),
          "packed rows of {} bytes cannot hold {} elements, which take {}", packed.cols(),
          plain.cols(), payload_row_bytes(payload, plain.cols()));
}

}  // namespace

std::int64_t payload_row_bytes(Payload payload, std::int64_t hidden) {
  if (payload == Payload::f32) return 4 * hidden;
  if (payload == Payload::bf16) return (2 * hidden + 3) / 4 * 4;
  return int8_codes_begin + (hidden + 3) / 4 * 4;
}

void pack_rows(Payload payload, Tensor in, Tensor from, Tensor out, Stream& stream) {
  const Span span(stream, "permute");
  check_packed(payload, out, in);
  RowOps::on(stream.device()).pack_rows(payload, in, from, out, stream);
}

void unpack_rows(Payload payload, Tensor in, Tensor from, Tensor weight, Tensor out, Tensor to,
                 Stream& stream) {
  const Span span(stream, "permute");
  check_packed(payload, in, out);
  RowOps::on(stream.device()).unpack_rows(payload, in, from, weight, out, to, stream);
}

}  // namespace switchyard
