#include "model/ops.h"

#include <algorithm>

#include "model/cpu_ops.h"
#include "model/cuda_ops.h"
#include "runtime/expect.h"

namespace switchyard {
namespace {

constexpr std::int64_t tokens_per_lookup = 64;
constexpr std::int64_t columns_per_unit = 64;

constexpr std::int64_t units_of(std::int64_t count, std::int64_t per_unit) {
  return (count + per_unit - 1) / per_unit;
}

void check_tokens(const std::int32_t* token, std::int64_t count, std::int64_t vocabulary) {
  for (std::int64_t t = 0; t < count; ++t) {
    require(token[t] >= 0 && token[t] < vocabulary,
            "token {} of the micro-batch is {}; the vocabulary has {} entries", t, token[t],
            vocabulary);
  }
}

}  // namespace

ModelOps& ModelOps::on(Device device) {
  static CpuModelOps ops;
  return device.kind == Device::Kind::cpu ? ops : cuda_model_ops();
}

void CpuModelOps::embed(Tensor token, Tensor table, Tensor out, Stream& stream) {
  const std::int64_t num_tokens = token.size();
  const std::int64_t hidden = table.cols();
  expect_size("out", out, num_tokens * hidden);
  const std::int32_t* tokens = token.as<std::int32_t>();
  const float* rows = table.as<float>();
  float* outs = out.as<float>();
  check_tokens(tokens, num_tokens, table.rows());
  parallel_for(stream, units_of(num_tokens, tokens_per_lookup), [&](std::int64_t unit) {
    const std::int64_t begin = unit * tokens_per_lookup;
    const std::int64_t end = std::min(begin + tokens_per_lookup, num_tokens);
    for (std::int64_t t = begin; t < end; ++t) {
      std::copy_n(rows + tokens[t] * hidden, hidden, outs + t * hidden);
    }
  });
}

// A thread owns columns, not tokens: every element of the table is summed by one thread, in token
// order.
void CpuModelOps::embed_backward(Tensor token, Tensor d_out, Tensor d_table, Stream& stream) {
  const std::int64_t num_tokens = token.size();
  const std::int64_t hidden = d_table.cols();
  expect_size("d_out", d_out, num_tokens * hidden);
  const std::int32_t* tokens = token.as<std::int32_t>();
  const float* d_outs = d_out.as<float>();
  float* d_rows = d_table.as<float>();
  check_tokens(tokens, num_tokens, d_table.rows());
  parallel_for(stream, units_of(d_table.rows(), tokens_per_lookup), [&](std::int64_t unit) {
    const std::int64_t begin = unit * tokens_per_lookup;
    const std::int64_t end = std::min(begin + tokens_per_lookup, d_table.rows());
    std::fill(d_rows + begin * hidden, d_rows + end * hidden, 0.0F);
  });
  parallel_for(stream, units_of(hidden, columns_per_unit), [&](std::int64_t unit) {
    const std::int64_t begin = unit * columns_per_unit;
    const std::int64_t end = std::min(begin + columns_per_unit, hidden);
    for (std::int64_t t = 0; t < num_tokens; ++t) {
      const float* from = d_outs + t * hidden;
      float* to = d_rows + tokens[t] * hidden;
#pragma GCC ivdep
      for (std::int64_t i = begin; i < end; ++i) to[i] += from[i];
    }
  });
}

}  // namespace switchyard
