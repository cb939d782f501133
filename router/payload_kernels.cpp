// Rows packed to travel, and unpacked, on a CPU.
#include <algorithm>
#include <cstring>

#include "router/cpu_row_ops.h"
#include "runtime/device/prefetch.h"
#include "runtime/device/streaming_copy.h"
#include "runtime/product/int8_codes.h"
#include "runtime/rounding.h"

namespace switchyard {
namespace {

constexpr std::int64_t rows_per_chunk = 64;

SWITCHYARD_MULTIVERSION
void pack_bf16(const float* in, std::int64_t count, std::uint16_t* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = bf16_of(in[i]);
}

SWITCHYARD_MULTIVERSION
void unpack_bf16(const std::uint16_t* in, std::int64_t count, float weight, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = value_of_bf16(in[i]) * weight;
}

SWITCHYARD_MULTIVERSION
void unpack_int8(const std::int8_t* in, std::int64_t count, float scale, float weight, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(in[i]) * scale * weight;
}

SWITCHYARD_MULTIVERSION
void unpack_f32(const float* in, std::int64_t count, float weight, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = in[i] * weight;
}

// Copies a row that travels as it is.
using CopyRow = void (*)(const void* from, void* to, std::size_t bytes);

void copy_cached(const void* from, void* to, std::size_t bytes) { std::memcpy(to, from, bytes); }

CopyRow copy_of(std::int64_t bytes) {
  return bytes < streaming_bytes ? copy_cached : copy_streaming;
}

void pack_row(Payload payload, const float* in, std::int64_t hidden, CopyRow copy, std::byte* out) {
  if (payload == Payload::f32) {
    copy(in, out, static_cast<std::size_t>(hidden) * sizeof(float));
  } else if (payload == Payload::bf16) {
    pack_bf16(in, hidden, reinterpret_cast<std::uint16_t*>(out));
  } else {
    const float scale =
        encode_int8_line(in, hidden, reinterpret_cast<std::int8_t*>(out + int8_codes_begin));
    std::memcpy(out, &scale, sizeof scale);
  }
}

void unpack_row(Payload payload, const std::byte* in, std::int64_t hidden, float weight,
                CopyRow copy, float* out) {
  if (payload == Payload::f32) {
    const auto* values = reinterpret_cast<const float*>(in);
    if (weight == 1.0F) {
      copy(values, out, static_cast<std::size_t>(hidden) * sizeof(float));
    } else {
      unpack_f32(values, hidden, weight, out);
    }
  } else if (payload == Payload::bf16) {
    unpack_bf16(reinterpret_cast<const std::uint16_t*>(in), hidden, weight, out);
  } else {
    float scale = 0.0F;
    std::memcpy(&scale, in, sizeof scale);
    unpack_int8(reinterpret_cast<const std::int8_t*>(in + int8_codes_begin), hidden, scale, weight,
                out);
  }
}

template <class T>
const T* elements_of(Tensor tensor) {
  return given(tensor) ? tensor.as<T>() : nullptr;
}

template <class Body>
void for_row_chunks(std::int64_t rows, Stream& stream, Body body) {
  parallel_for(stream, (rows + rows_per_chunk - 1) / rows_per_chunk, [&](std::int64_t chunk) {
    const std::int64_t end = std::min(rows, (chunk + 1) * rows_per_chunk);
    for (std::int64_t row = chunk * rows_per_chunk; row < end; ++row) body(row);
    finish_streaming();
  });
}

}  // namespace

void CpuRowOps::pack_rows(Payload payload, Tensor in, Tensor from, Tensor out, Stream& stream) {
  const auto* rows = in.as<float>();
  const std::int32_t* source = elements_of<std::int32_t>(from);
  auto* to = static_cast<std::byte*>(out.data);
  const CopyRow copy = out.bytes() < streaming_bytes ? copy_requesting : copy_streaming;
  const RowsAhead ahead(rows, in.cols() * bytes_of(in.dtype), source, out.rows());
  for_row_chunks(out.rows(), stream, [&](std::int64_t i) {
    ahead.ask_after(i);
    const std::int64_t row = source == nullptr ? i : source[i];
    pack_row(payload, rows + row * in.cols(), in.cols(), copy, to + i * out.cols());
  });
}

void CpuRowOps::unpack_rows(Payload payload, Tensor in, Tensor from, Tensor weight, Tensor out,
                            Tensor to, Stream& stream) {
  const auto* packed = static_cast<const std::byte*>(in.data);
  const auto* source = elements_of<std::int32_t>(from);
  const auto* target = elements_of<std::int32_t>(to);
  const auto* scale = elements_of<float>(weight);
  auto* rows = out.as<float>();
  const std::int64_t count = given(from) ? from.size() : given(to) ? to.size() : in.rows();
  const CopyRow copy = copy_of(count * out.cols() * bytes_of(out.dtype));
  const RowsAhead ahead(packed, in.cols(), source, count);
  for_row_chunks(count, stream, [&](std::int64_t i) {
    ahead.ask_after(i);
    const std::int64_t row = source == nullptr ? i : source[i];
    unpack_row(payload, packed + row * in.cols(), out.cols(), scale == nullptr ? 1.0F : scale[i],
               copy, rows + (target == nullptr ? i : target[i]) * out.cols());
  });
}

}  // namespace switchyard
