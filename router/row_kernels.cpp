// Rows that move, and the weighted sums of a token's rows, on a CPU.
#include <algorithm>

#include "router/cpu_row_ops.h"
#include "router/cuda_row_ops.h"
#include "router/token_chunks.h"
#include "runtime/device/prefetch.h"
#include "runtime/error.h"
#include "runtime/hd.h"
#include "runtime/sum16.h"

namespace switchyard {
namespace {

SWITCHYARD_MULTIVERSION
float dot_row(const float* a, const float* b, std::int64_t count) {
  return sum16<float>(count, [&](std::int64_t i) { return a[i] * b[i]; });
}

SWITCHYARD_MULTIVERSION
void scale_row(const float* in, float scale, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = in[i] * scale;
}

SWITCHYARD_MULTIVERSION
void add_scaled_row(const float* in, float scale, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] += in[i] * scale;
}

RowsAhead rows_ahead(const float* rows, std::int64_t cols, Tensor index) {
  constexpr auto element = static_cast<std::int64_t>(sizeof(float));
  return {rows, cols * element, index.as<std::int32_t>(), index.size()};
}

// Calls body(token, pair, slot) for every choice of every token, the choices of one token in order;
// slot is -1 for a dropped choice.
template <class Body>
void for_choices(Tensor tokens, Tensor slot_of_choice, Stream& stream, Body body) {
  const std::int64_t k = slot_of_choice.empty() ? 0 : slot_of_choice.cols();
  for_chunks(k == 0 ? 0 : tokens.rows(), stream, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t pair = first * k; pair < last * k; ++pair) {
      body(pair / k, pair, slot_of_choice.as<std::int32_t>()[pair]);
    }
  });
}

}  // namespace

void CpuRowOps::gather_rows(Tensor in, Tensor index, Tensor out, Stream& stream) {
  const std::int64_t cols = out.cols();
  const RowsAhead ahead = rows_ahead(in.as<float>(), cols, index);
  for_chunks(index.size(), stream, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      ahead.ask_after(i);
      std::copy_n(in.as<float>() + index.as<std::int32_t>()[i] * cols, cols,
                  out.as<float>() + i * cols);
    }
  });
}

void CpuRowOps::scatter_rows(Tensor in, Tensor index, Tensor out, Stream& stream) {
  const std::int64_t cols = in.cols();
  for_chunks(index.size(), stream, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      std::copy_n(in.as<float>() + i * cols, cols,
                  out.as<float>() + index.as<std::int32_t>()[i] * cols);
    }
  });
}

void CpuRowOps::zero_rows(Tensor index, Tensor out, Stream&) {
  const std::int64_t cols = out.cols();
  for (std::int64_t i = 0; i < index.size(); ++i)
    std::fill_n(out.as<float>() + index.as<std::int32_t>()[i] * cols, cols, 0.0F);
}

void CpuRowOps::place_choices(Tensor weight, Tensor slot_of_choice, Tensor out, Stream&) {
  const auto* slot = slot_of_choice.as<std::int32_t>();
  for (std::int64_t pair = 0; pair < weight.size(); ++pair) {
    if (slot[pair] >= 0) out.as<float>()[slot[pair]] = weight.as<float>()[pair];
  }
}

void CpuRowOps::sum_choices(Tensor slots, Tensor weight, Tensor slot_of_choice, Tensor out,
                            Stream& stream) {
  const std::int64_t cols = out.cols(), k = slot_of_choice.empty() ? 0 : slot_of_choice.cols();
  const RowsAhead ahead = rows_ahead(slots.as<float>(), cols, slot_of_choice);
  for_chunks(k == 0 ? 0 : out.rows(), stream, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) {
      float* to = out.as<float>() + t * cols;
      bool begun = false;
      for (std::int64_t pair = t * k; pair < (t + 1) * k; ++pair) {
        ahead.ask_after(pair);
        const std::int64_t slot = slot_of_choice.as<std::int32_t>()[pair];
        if (slot < 0) continue;
        const float scale = weight.empty() ? 1.0F : weight.as<float>()[pair];
        (begun ? add_scaled_row : scale_row)(slots.as<float>() + slot * cols, scale, cols, to);
        begun = true;
      }
      if (!begun) std::fill_n(to, cols, 0.0F);
    }
  });
}

void CpuRowOps::dot_choices(Tensor d_out, Tensor slots, Tensor slot_of_choice, Tensor d_weight,
                            Stream& stream) {
  const std::int64_t cols = d_out.cols();
  const RowsAhead ahead = rows_ahead(slots.as<float>(), cols, slot_of_choice);
  for_choices(
      d_out, slot_of_choice, stream, [&](std::int64_t t, std::int64_t pair, std::int64_t slot) {
        ahead.ask_after(pair);
        d_weight.as<float>()[pair] =
            slot < 0 ? 0.0F
                     : dot_row(d_out.as<float>() + t * cols, slots.as<float>() + slot * cols, cols);
      });
}

RowOps& RowOps::on(Device device) {
  static CpuRowOps cpu;
  return device.kind == Device::Kind::cpu ? cpu : cuda_row_ops();
}

}  // namespace switchyard
