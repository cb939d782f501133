// Matrix products on a stream. They use a finite set of library calls, so that a result never
// depends on the layout of the run (docs/design.md, "The same bits").
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/device/stream.h"
#include "runtime/product/precision.h"

namespace switchyard {

// The rows of a product are its m if a is plain, its k if a is transposed (the k of a weight
// gradient counts rows). On a GPU they must be a multiple of row_tile, and callers fill up with
// zero rows. The tokens of a micro-batch are a multiple of it on every device, but for texts that
// go on token by token on a CPU.
inline constexpr std::int64_t row_tile = 16;

constexpr std::int64_t padded_rows(std::int64_t rows) {
  return (rows + row_tile - 1) / row_tile * row_tile;
}
// The rows of products on the device must be a multiple of this.
constexpr std::int64_t row_tile_on(Device device) {
  return device.kind == Device::Kind::cpu ? 1 : row_tile;
}

enum class Op : std::uint8_t { plain, transposed };
enum class Write : std::uint8_t { replace, add };

// out (= or +=) op(a) op(b), all f32, dense. On a GPU b may already be bf16 (Params::operand).
// op(a): [m, k], op(b): [k, n], out: [m, n]. The bits of a row of out depend on m, n, k and the
// operands only, never on threads, addresses or earlier calls. On a CPU with a plain a they depend
// neither on m nor on the other rows. k = 0 gives zeros (under Write::add, it leaves out
// unchanged); m = 0 or n = 0 does nothing. If operands are not finite, results are not finite.
// Errors: Exit::usage for an int8 product with k above int8_terms.
void matmul(Tensor a, Op op_a, Tensor b, Op op_b, Tensor out, Write write, Stream& stream,
            Precision precision = Precision::f32);

// Rows of bf16 that begin at multiples of this many elements can be read 16 bytes at a time.
inline constexpr std::int64_t operand_elements = 8;

// A sum of this many products of two int8 codes fits into 32 bits.
inline constexpr std::int64_t int8_terms = std::int64_t{1} << 17;

struct MatmulShape {
  std::int64_t m, n, k;
  Op op_a, op_b;
  Precision precision = Precision::f32;
};

// The start-up self-test of exact mode. It runs each product twice, at different addresses and
// thread counts, compares the results with an independent sum, and hashes them all. If the library
// does not repeat its bits, our own kernel takes over.
struct MatmulSelfTest {
  std::uint64_t hash = 0;       // equal hashes: equal arithmetic
  bool library_repeats = true;  // false: this stream now uses our own kernel
};
MatmulSelfTest self_test_matmul(const std::vector<MatmulShape>& shapes, Stream& stream);

}  // namespace switchyard
