// The products of many groups in one launch by CUTLASS, for Hopper's and Blackwell's tensor core
// instructions (wgmma, tcgen05), which mma.sync does not reach. Which tile a row falls into depends
// on its group, so exact mode does without. A build without CUTLASS links no_cutlass.cpp.
#pragma once

#include <cstdint>

#include "runtime/device/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

// Of the result: [m, n], sums of k products.
struct GemmShape {
  std::int32_t m, n, k;
};

// Operands are bf16, the result is f32; rows begin at multiples of 16 bytes.
enum class GemmForm : std::uint8_t {
  rows,           // a: [m, k], b: [n, k], transposed
  rows_backward,  // a: [m, k], b: [k, n]
  gradient,       // a: [k, m], transposed, b: [k, n]
};

// Tables in memory of the GPU, with an entry for each of `count` groups. No m, n or k is 0, and no
// two groups have one result. A stride counts elements between rows.
struct GroupedGemm {
  GemmForm form;
  std::int32_t count;
  bool add;  // to `out`; otherwise replaces it
  const GemmShape* shapes;
  const std::uint16_t* const* a;
  const std::uint16_t* const* b;
  float* const* out;
  const std::int64_t *a_strides, *b_strides, *out_strides;
};

// Whether this build has kernels for that GPU.
bool cutlass_runs_on(Device device);
// Queues the products. Requires cutlass_runs_on(stream.device()). scratch: the caller resets it
// after its last use on the stream. Errors: Exit::internal if CUTLASS refuses.
void multiply_by_cutlass(const GroupedGemm& call, Arena& scratch, Stream& stream);

}  // namespace switchyard
