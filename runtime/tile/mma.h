// The instructions of tensor cores, and of copies into shared memory that run beside the
// arithmetic, by name. tests/cuda_host has a twin for kernels that run on the host. For .cu files.
#pragma once

#include <cstdint>

namespace switchyard {

// Begins to copy 16 bytes to shared memory, or to write 16 zeros there. Both addresses are
// multiples of 16; nothing is read for zeros. This thread sees the bytes after wait_for_copies, and
// its block after a barrier that follows.
__device__ __forceinline__ void begin_copy16(const void* from, bool zeros, void* to) {
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(to));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from),
               "r"(zeros ? 0 : 16)
               : "memory");
}
// The copies begun since the last call are a group, which may be empty.
__device__ __forceinline__ void end_copy_group() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
// Waits until at most the last `groups` of this thread's groups are under way.
template <int groups>
__device__ __forceinline__ void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(groups) : "memory");
}

// Four matrices of 8 by 8 bf16 from shared memory: lane l names row l % 8 of matrix l / 8, and gets
// of matrix i, in to[i], elements 2 (l % 4) and the next of row l / 4.
__device__ __forceinline__ void load_matrices(const std::uint16_t* row, std::uint32_t (&to)[4]) {
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address)
               : "memory");
}
// The same of their transposes.
__device__ __forceinline__ void load_transposed(const std::uint16_t* row, std::uint32_t (&to)[4]) {
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address)
               : "memory");
}

// sum += a b, a: [16, 16] and b: [16, 8] bf16. With row = lane / 4 and two = 2 (lane % 4):
// a holds pairs of k at (row, two), (row + 8, two), (row, two + 8), (row + 8, two + 8); b at column
// `row`, k = two and two + 8; sum is (row, two), (row, two + 1), (row + 8, two), (row + 8, two +
// 1).
__device__ __forceinline__ void multiply_bf16(const std::uint32_t (&a)[4],
                                              const std::uint32_t (&b)[2], float (&sum)[4]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, "
      "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// sum += a b, a: [16, 8] and b: [8, 8] tf32. With row = lane / 4 and k = lane % 4: a is at (row,
// k), (row + 8, k), (row, k + 4), (row + 8, k + 4); b at column `row`, k and k + 4; sum as above.
__device__ __forceinline__ void multiply_tf32(const std::uint32_t (&a)[4],
                                              const std::uint32_t (&b)[2], float (&sum)[4]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, "
      "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// The nearest number with 10 bits of mantissa, ties away from zero; its bits.
__device__ __forceinline__ std::uint32_t tf32_of(float value) {
  std::uint32_t rounded;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(value));
  return rounded;
}

}  // namespace switchyard
