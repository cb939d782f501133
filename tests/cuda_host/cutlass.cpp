// CUTLASS's grouped products by loops, which read the tables when the work runs, as a GPU does, and
// refuse what CUTLASS or its copies (TMA) refuse.
#include <set>

#include "runtime/cutlass/grouped_gemm.h"
#include "runtime/device/cuda_queue.h"
#include "runtime/rounding.h"
#include "tests/cuda_host/device.h"

namespace switchyard {
namespace {

void need(bool holds, const char* what) {
  if (!holds) cuda_host::die(what);
}

void need_aligned(const void* rows, std::int64_t stride_bytes) {
  need((reinterpret_cast<std::uintptr_t>(rows) | static_cast<std::uintptr_t>(stride_bytes)) % 16 ==
           0,
       "CUTLASS reads rows that begin at multiples of 16 bytes");
}

void multiply_group(const GroupedGemm& call, int g) {
  const auto [m, n, k] = call.shapes[g];
  need(m > 0 && n > 0 && k > 0, "CUTLASS was given a group without rows");
  const std::int64_t sa = call.a_strides[g], sb = call.b_strides[g], so = call.out_strides[g];
  need_aligned(call.a[g], 2 * sa);
  need_aligned(call.b[g], 2 * sb);
  need_aligned(call.out[g], 4 * so);
  const bool a_across = call.form == GemmForm::gradient, b_along = call.form == GemmForm::rows;
  for (std::int64_t row = 0; row < m; ++row) {
    for (std::int64_t col = 0; col < n; ++col) {
      double sum = 0;
      for (std::int64_t i = 0; i < k; ++i) {
        const std::uint16_t a = call.a[g][a_across ? i * sa + row : row * sa + i];
        const std::uint16_t b = call.b[g][b_along ? col * sb + i : i * sb + col];
        sum += static_cast<double>(value_of_bf16(a)) * static_cast<double>(value_of_bf16(b));
      }
      float& to = call.out[g][row * so + col];
      to = static_cast<float>(call.add ? static_cast<double>(to) + sum : sum);
    }
  }
}

}  // namespace

bool cutlass_runs_on(Device) { return true; }

void multiply_by_cutlass(const GroupedGemm& call, Arena&, Stream& stream) {
  ++cuda_host::calls.launches;
  cuda_host::enqueue(cuda_queue(stream).stream(), [call] {
    need(std::set<const float*>(call.out, call.out + call.count).size() ==
             static_cast<std::size_t>(call.count),
         "two groups of CUTLASS have one result");
    for (int g = 0; g < call.count; ++g) multiply_group(call, g);
  });
}

}  // namespace switchyard
